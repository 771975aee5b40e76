"""What properties are called, and what then stands in them. Only data.

A property is looked up by its words from the last to the first: `shipping_address` as "address", then as "shipping".
"""


def _by_word(table: dict[str, str]) -> dict[str, str]:
    return {word: kind for kind, words in table.items() for word in words.split()}


KINDS = _by_word({
    "place": "city cities location place town region area destination venue where capital origin departure arrival "
    "from to",
    "person": "person people author user customer client participant attendee guest employee owner recipient contact "
    "member assignee patient student teacher who speaker artist sender manager director actor candidate host fullname",
    "firstname": "firstname forename givenname",
    "lastname": "lastname surname familyname",
    "name": "name",
    "topic": "query search q topic subject title keyword keywords term phrase theme headline heading event product "
    "item entity label tag interest skill ingredient feature hobby category genre symptom",
    "question": "question prompt input request utterance",
    "prose": "summary description answer explanation reasoning reason rationale content text body message comment note "
    "notes response output detail details review feedback analysis abstract bio biography conclusion thought thoughts "
    "step instructions instruction direction paragraph sentence caption advice recommendation justification overview "
    "argument claim fact point observation definition evidence objective goal excerpt quote",
    "date": "date day birthday dob deadline birthdate",
    "moment": "datetime timestamp created updated createdat updatedat at",
    "time": "time hour",
    "email": "email mail emails",
    "url": "url uri link href website homepage image picture avatar photo source",
    "phone": "phone telephone mobile tel fax",
    "id": "id uuid identifier key token reference ref sku code number",
    "year": "year",
})  # fmt: skip

SAMPLES: dict[str, tuple[str, ...]] = {
    "place": ("Berlin", "Lisbon", "Toronto", "Kyoto", "Nairobi", "Oslo"),
    "person": ("Alice Johnson", "Daniel Kim", "Maria Garcia", "Omar Haddad", "Emma Novak", "Liam Murphy"),
    "firstname": ("Alice", "Daniel", "Maria", "Omar", "Emma", "Liam"),
    "lastname": ("Johnson", "Kim", "Garcia", "Haddad", "Novak", "Murphy"),
    "topic": ("overview", "first steps", "daily routine", "new ideas", "team work", "best practice"),
    "prose": ("A short note.", "This is an example.", "It works as expected.", "All details are in order."),
    "question": ("What should be done next?", "How does it work?", "Where can I find more?"),
    "ingredient": ("flour", "butter", "sugar", "eggs", "salt", "milk"),
    "quantity": ("2 cups", "100 g", "1 tablespoon", "3 pieces"),
    "item": ("notebook", "coffee mug", "desk lamp", "water bottle"),
    "skill": ("communication", "data analysis", "project planning", "public speaking"),
    "hobby": ("hiking", "photography", "cooking", "chess"),
    "tag": ("news", "guide", "tips", "basics", "ideas"),
    "category": ("general", "technology", "health", "travel"),
    "genre": ("drama", "comedy", "science fiction"),
    "country": ("Germany", "Portugal", "Canada", "Japan", "Kenya", "Norway"),
    "state": ("California", "Bavaria", "Ontario", "Queensland"),
    "street": ("12 Main Street", "7 Park Avenue", "48 Garden Road", "3 Mill Lane"),
    "address": ("12 Main Street, Springfield", "7 Park Avenue, Riverton", "48 Garden Road, Lakeside"),
    "zip": ("10115", "94103", "30301", "60601"),
    "color": ("blue", "green", "red", "orange", "purple", "black", "white", "yellow"),
    "currency": ("EUR", "USD", "GBP", "JPY"),
    "language": ("English", "German", "Spanish", "French", "Italian", "Japanese", "Chinese", "Portuguese"),
    "locale": ("en-US", "de-DE", "fr-FR"),
    "timezone": ("UTC", "Europe/Berlin", "America/New_York"),
    "company": ("Northwind Traders", "Acme Corporation", "Blue River Labs", "Summit Foods"),
    "department": ("Engineering", "Marketing", "Finance", "Support"),
    "job": ("Engineer", "Designer", "Analyst", "Manager"),
    "status": ("active", "pending", "completed"),
    "priority": ("medium", "high", "low"),
    "severity": ("medium", "high", "low"),
    "sentiment": ("positive", "neutral", "negative"),
    "tone": ("friendly", "formal", "neutral"),
    "difficulty": ("easy", "medium", "hard"),
    "type": ("standard", "basic", "custom"),
    "unit": ("celsius", "meters", "kilograms"),
    "file": ("report.txt", "notes.md", "data.csv"),
    "path": ("/home/user/report.txt", "/data/input.csv", "/home/user/notes.md"),
    "version": ("1.0.0", "2.1.3", "0.9.1"),
    "cuisine": ("Italian", "Japanese", "Mexican", "Indian"),
    "weather": ("sunny", "cloudy", "light rain"),
    "condition": ("sunny", "cloudy", "light rain"),
    "gender": ("female", "male"),
    "nationality": ("German", "Canadian", "Kenyan", "Japanese"),
    "method": ("GET", "POST"),
    "sql": ("SELECT * FROM orders LIMIT 10",),
    "expression": ("2 + 2", "3 * (4 + 5)"),
    "equation": ("x = 4", "2x + 3 = 11"),
    "symbol": ("ACME", "NWND", "BLUR"),
    "ticker": ("ACME", "NWND", "BLUR"),
    "airline": ("Northern Air", "Blue Sky Airways"),
    "flight": ("NA 204", "BS 81"),
    "isbn": ("978-0-00-000000-2",),
    "command": ("ls -la", "git status"),
    "password": ("correct-horse-battery",),
    "username": ("alice", "daniel.k", "maria_g"),
    "host": ("api.example.com", "www.example.org"),
    "ip": ("192.0.2.17", "192.0.2.84"),
}
SAMPLES |= {
    other: SAMPLES[kind]
    for other, kind in {
        "product": "item", "interest": "hobby", "label": "tag", "keyword": "tag",
        "organization": "company", "organisation": "company", "employer": "company", "brand": "company", "role": "job",
        "occupation": "job", "profession": "job", "position": "job", "colour": "color", "zipcode": "zip",
        "postal": "zip", "postcode": "zip", "units": "unit", "level": "difficulty", "kind": "type", "mood": "sentiment",
        "filename": "file", "directory": "path", "folder": "path", "hostname": "host", "formula": "expression",
        "province": "state", "calculation": "expression", "nation": "country", "forecast": "weather",
    }.items()
}  # fmt: skip

# The least, the greatest and the decimals of numbers, by the words of a property.
NUMBERS: dict[str, tuple[int, int, int]] = {
    **dict.fromkeys(
        ("price", "cost", "amount", "total", "subtotal", "fee", "budget", "balance", "revenue"), (5, 200, 2)
    ),
    **dict.fromkeys(("age", "years"), (18, 70, 0)),
    "year": (1990, 2025, 0),
    "month": (1, 12, 0),
    "day": (1, 28, 0),
    "hour": (8, 18, 0),
    **dict.fromkeys(("minute", "minutes", "duration", "second", "seconds"), (5, 60, 0)),
    **dict.fromkeys(
        ("score", "confidence", "probability", "similarity", "relevance", "likelihood", "ratio"), (0, 1, 2)
    ),
    **dict.fromkeys(("rating", "stars"), (3, 5, 1)),
    **dict.fromkeys(("percent", "percentage", "humidity", "progress"), (10, 95, 0)),
    **dict.fromkeys(("temperature", "temp"), (8, 28, 1)),
    **dict.fromkeys(("latitude", "lat"), (-60, 60, 4)),
    **dict.fromkeys(("longitude", "lon", "lng", "long"), (-170, 170, 4)),
    **dict.fromkeys(("height", "width", "size", "length"), (10, 200, 1)),
    **dict.fromkeys(("weight", "mass"), (1, 90, 1)),
    **dict.fromkeys(("population", "views", "salary"), (20_000, 900_000, 0)),
    **dict.fromkeys(("distance", "speed"), (1, 120, 1)),
    **dict.fromkeys(("id", "code", "number"), (1000, 9999, 0)),
    **dict.fromkeys(("calories",), (80, 600, 0)),
}
ANY_NUMBER = (1, 20, 1)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MONEY = _words("price cost amount total subtotal fee budget balance revenue salary")
# Names of numbers that may be any number of the prompt.
COUNTED = _words("amount quantity count total limit number num max maximum min minimum size length value")
# Words before the name of a place.
BEFORE_PLACES = _words("in at near around for to from visit visiting")
CALENDAR = _words("""
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december
    """)
# Capitalised where a sentence begins, and no names.
NO_NAMES = _words("""
    i i'm or but if on at to from that we you he she they his her our what what's how book set check search extract
    turn please schedule order cancel remind buy find send parse multiply divide subtract who when where which json
    api ok user assistant weather temperature open call read visit compare
    """)
TALKS_OF_PEOPLE = frozenset(word for word, kind in KINDS.items() if kind == "person") | {
    "profile",
    "account",
    "character",
}

LABELS = ("first", "second", "third", "fourth", "fifth", "sixth")
