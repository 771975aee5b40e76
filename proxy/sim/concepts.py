"""Which English words are about the same thing: what makes "kitten" near to "cat" in a simulated embedding.

A word may stand in several lines; dots at a line's end continue it. Words are given
in the form that `embeddings.stem` leaves; knows no vectors.
"""

from functools import cache

_LINES = """
cat kitten feline kitty purr meow tabby
dog puppy canine hound pup bark terrier retriever
animal cat dog horse cow pig sheep bird fish lion tiger elephant wolf fox bear rabbit mouse kitten puppy pet zoo ...
mammal creature wildlife feline canine
bird eagle sparrow parrot pigeon owl wing feather nest
sea ocean water wave beach coast fish ship boat marine river lake swim shore
king queen prince princess royal monarch throne crown kingdom palace
man boy male father son husband brother gentleman he guy
woman girl female mother daughter wife sister lady she
family parent child father mother son daughter brother sister kid baby grandmother grandfather
food eat meal dinner lunch breakfast restaurant cook recipe dish kitchen chef taste delicious hungry bake
fruit apple banana orange grape lemon berry strawberry pear peach mango
vegetable carrot potato tomato onion spinach broccoli salad
italian pizza pasta spaghetti lasagna cheese tomato
drink coffee tea beer wine juice water milk espresso
car auto automobile vehicle drive driver truck engine motor wheel garage sedan tire road
travel trip journey flight airport plane hotel tourist vacation holiday passport ticket luggage
train railway station bus subway transit tram
weather rain snow sun sunny cloud storm wind temperature forecast cold hot warm umbrella winter summer
money bank finance stock market shares wall street invest investor dollar price loan credit cash fund share ...
economy inflation profit trade
buy purchase shop store order cart sell sale customer price payment pay
refund return invoice billing charge cancel subscription payment
deliver shipping ship package parcel order track courier arrive
password login account credential authenticate username sign access reset forgot locked
computer laptop software hardware program device keyboard screen pc machine
program code python javascript java rust function variable compile debug developer software algorithm script bug
data database sql query table record storage index
network internet server web http website url router wifi browser online connect
artificial intelligence ai machine learn neural model train network deep llm gpt
docker container kubernetes deploy cluster image
physics quantum particle atom energy electron relativity gravity physicist mechanic
chemistry molecule acid reaction chemical compound
biology cell gene dna protein organism evolution species
space planet star moon galaxy astronaut rocket orbit mars earth nasa universe
math mathematics equation algebra geometry calculus number sum theorem proof
health doctor hospital medicine patient disease illness nurse treatment medical drug symptom fever sick pain
body heart head hand leg brain blood bone eye skin
sport football soccer basketball tennis game team player score match goal championship league ball win
exercise fitness gym run workout yoga training muscle jog
music song guitar piano band concert singer melody album sing drum violin musician
movie film cinema actor actress director scene hollywood watch
book novel read author write library story literature poem chapter
school student teacher learn university education class study college exam teach homework lesson
work job office career employee boss company manager employ salary hire
business company firm corporation enterprise startup market
government president election vote politics law minister parliament policy politician senate democracy
law court judge lawyer legal crime trial attorney justice police
war army soldier battle weapon military fight peace
house home apartment room building live roof door window rent
bed sleep dream night tired rest nap pillow
happy glad joy joyful love like enjoy delight pleased adore wonderful great cheerful
sad unhappy cry grief upset depress sorrow miserable
angry anger mad furious rage annoyed hate
fast quick rapid speed swift hurry
big large huge enormous giant
small little tiny miniature
good great excellent fine nice amazing superb
bad terrible awful poor horrible worst
begin start commence initiate launch
end finish stop conclude complete terminate
rug carpet mat floor
sit sat rest lie lay perch
color red blue green yellow black white purple
clothes shirt dress shoe hat coat wear fashion trouser jacket
tree forest flower plant garden leaf wood grass nature
volcano lava eruption earthquake mountain magma
france paris french
germany berlin german
japan tokyo japanese
spain madrid spanish
italy rome italian
england london britain british english uk
america usa american washington
city town capital village urban
country nation state republic capital
time clock hour minute day week month year
phone mobile call smartphone telephone iphone android
photo picture image camera photograph
climate environment pollution carbon warming emission
"""


@cache
def concepts() -> dict[str, tuple[str, ...]]:
    """For each word the names of what it is about."""
    found: dict[str, list[str]] = {}
    for number, line in enumerate(_LINES.replace(" ...\n", " ").split("\n")):
        for word in line.split():
            found.setdefault(word, []).append(f"concept {number}")
    return {word: tuple(names) for word, names in found.items()}
