"""The English words that a reader of prompts has to know, by what they tell about their neighbours.

Only data. Everything else in a prompt counts as a word that an answer can be about.
"""


def words_of(text: str) -> frozenset[str]:
    """The words of a list, as data is easiest read."""
    return frozenset(text.split())


# Begin a phrase. The value is how an answer says it: "my garden" becomes "your garden".
DETERMINERS = {
    **{word: word for word in ("the", "a", "an", "this", "these")},
    **dict.fromkeys(("my", "our"), "your"),
}

# May stand inside a phrase: "the capital of France".
LINKS = words_of("about and behind between for in of")

# The next lower-case word is a verb: "to sort", "that reverses", "we deploy".
BEFORE_VERBS = words_of("""
    to that who i we they you he she can could should would will might must cannot can't couldn't
    don't doesn't didn't won't wouldn't shouldn't isn't let's let please i'd we'd i'll we'll you'd
    """)

GREETINGS = words_of("greetings hello hey hi hiya howdy yo")
DAY_PARTS = words_of("afternoon day evening morning")
THANKS = words_of("thank thanks thx ty cheers")
FAREWELLS = words_of("bye cya farewell goodbye goodnight")
# Say nothing yet about what kind of turn follows them.
FILLERS = words_of("again all also and everyone now ok okay so much there then very well you")

# Never part of a phrase.
FUNCTION_WORDS = words_of("""
    all also am another any anybody anyone anything are as at be because been before being best both but by
    did do does doing done down each either else even ever every few first from good got great had has have having
    here hers herself him himself his her how how's i'm i've if into is it it's its itself just last less like
    lots lot many maybe me mine more most much myself new next no nor not nothing now off okay ok on once one
    only onto or other others ours ourselves out over own per perhaps quite rather really same several shall since
    so some somebody someone something soon still such than that's the their theirs them themselves then there
    there's there're too two three through till together under until up upon us used using very via want was wasn't
    we're we've well were weren't what what's whatever when where where's whether which while who's whom whose
    why why's with within without yes yet you're you've your yours yourself after again against along already
    always around away back better during enough especially instead later near never often sometimes today
    tomorrow tonight yesterday top bit etc eg ie vs versus dear sure safe possible true important necessary worth
    able four five six seven eight nine ten whats
    """)

# Verbs that are hardly ever nouns, in the forms that prompts use.
VERBS = words_of("""
    add added affect affects ask asked avoid become becomes began begin begins believe break breaks bring brings
    build built buy calculate came caused choose come comes compare compute consider convert crashes create
    created creates decide define describe describes did differ differs discuss do exist exists explain explains
    explaining fails feel feels find fix fixed follow following forget found gave get gets getting give given
    gives giving go goes going gone grow grows guess happen happened happens happening hate imagine implement improve
    include includes including install introduce keep keeps knew know known knows learn learned leave let list made
    make makes making mean means meant mention need needed needs outline play prefer pretend propose provide
    provides put ran read recommend refactor remember repeat reply return returns reverse reverses rewrite
    run runs running said saw say says see seem seems seen send sent show showed shows solve solves speak spell
    start started starts stop stopped suggest summarise summarize take takes taken talk tell tells think thinks
    thought told took translate tried try trying understand use uses wait wanted wants went won't work worked
    working works wonder wondering worry write writes writing written wrote calls called call love loves enjoy
    """)

# Ask for something when they open a sentence, though elsewhere they can be nouns.
IMPERATIVES = words_of("""
    act analyse analyze answer brainstorm build calculate check classify code compare complete compose compute
    continue convert count create debug define describe design develop discuss do draft draw edit elaborate
    estimate evaluate explain extract fill find fix format generate give guide help identify imagine implement
    improve introduce invent list make name optimize outline paraphrase plan pretend produce prove provide
    rank recommend refactor repeat rephrase reply return review rewrite say show simplify sketch solve sort
    suggest summarise summarize teach tell translate use write
    """)

# Nouns that say what sort of answer is wanted, not what it is about; alone they make no topic.
GENERIC_NOUNS = words_of("""
    advice answer answers article assistant beginner beginners bullet detail details difference differences
    email essay example examples expert explanation fact facts help helpful idea ideas information introduction
    issue item items joke kind letter line lines list lists message name names number overview paragraph
    paragraphs people person piece poem point points problem problems prompt question questions reason reasons
    report response sentence sentences simple short long brief detailed sort step steps story summary text
    thing things tip tips title topic type types user way ways word words year years day time terms language
    english assistants concise friendly polite old sense afternoon evening morning
    """)

SAY_NOTHING = GENERIC_NOUNS | LINKS | DETERMINERS.keys() | set(DETERMINERS.values())

NOUNS_IN_LY = words_of("anomaly assembly butterfly family supply")

YES_NO = words_of(
    "is are am was were do does did has have had can could should would will may might isn't aren't don't"
)
ASKING = {
    **dict.fromkeys(("what", "what's", "which", "whats"), "what"),
    **dict.fromkeys(("how", "how's"), "how"),
    **dict.fromkeys(("why", "why's"), "why"),
    **dict.fromkeys(("who", "who's", "whose", "whom", "when", "where", "where's"), "fact"),
    **dict.fromkeys(YES_NO, "yesno"),
}
