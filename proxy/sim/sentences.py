"""The sentences of gpt-sim-1, by their role in an answer; blank lines part them.

Only data. `[a|b]` is a choice, `{t}` the topic and `{o}` another one. Both are noun phrases of any number, with any
article or none, so they follow a preposition or a verb, or meet a verb that has one form: "{t} can", never "{t} is".
Anything said here has to be true of every topic.
"""

# By the kind of the user's turn.
OPENINGS = {
    "what": """
        [In short|Put simply|In plain terms|At heart], {t} can be [understood|described|explained] as [a few
        simple ideas working together|an answer to a practical need|a balance of many small choices].

        [In most cases|For most purposes|Roughly speaking], {t} can mean [somewhat different|quite specific] things
        [depending on the context|to different people|in different settings].

        When people ask about {t}, they [usually|often|mostly] want [a clear definition and one good example|the
        main idea before the details|to know why it matters in practice].

        There is a [short|simple|direct] way to [look at|think about|describe] {t}: [start with the purpose,
        then look at the parts|name the main idea first, and let the details follow].

        The [first|main|most useful] thing to know about {t} is that [context decides most of the details|a few
        basic ideas explain nearly everything else|the simple description is usually the right one].
    """,
    "how": """
        The [usual|simplest|most reliable] way to [approach|work with|deal with] {t} is to [begin with a small
        version that works|break the job into short steps|get the basic case right first] and [build on that|go
        on from there].

        [A good|A practical|One sound] approach to {t} has three [parts|steps|stages]: [prepare, try it out, and
        check the result|learn the basics, practice, and review|set a goal, take one step, and measure the
        effect].

        [Start|Begin] with [the simplest part|one small piece] of {t}, [make sure it works|get it right], and
        [only then|then] [move on to the rest|add the rest].

        With {t}, [the order of the steps|steady progress|careful preparation] [matters|counts for] more than
        [speed|talent|the choice of tools].

        Most people [make progress|succeed] with {t} by [working in short cycles|keeping the first attempt
        small|following a short checklist] and [writing down what they learn|changing one thing at a time].
    """,
    "why": """
        There are [usually|generally|often] [two|three|several] reasons behind {t}, and [the most visible
        one|the obvious one] is [rarely the whole story|not always the most important|only part of the picture].

        The [main|simplest|most likely] explanation for {t} [lies in|comes down to] [history|practical limits|a
        chain of small causes], and [habit and circumstance do the rest|the rest follows from there].

        [Much of|A large part of|Most of] the answer about {t} [comes down to|depends on] [cause and
        timing|incentives and limits|conditions that are easy to overlook].

        [It is common|It is tempting|It is easy] to explain {t} by a single cause, but [several factors usually
        act together|the full picture tends to have more than one part].
    """,
    "fact": """
        The [details|facts|particulars] of {t} are [best checked|easiest to confirm] in [a reliable reference|an
        up-to-date source], but the [general picture|outline] is [clear enough|well established].

        [Most sources|Most accounts|Reference works] [agree on the outline|tell a similar story] when it comes
        to {t}, [though|even if] they differ [in the details|on smaller points].

        The [direct|short|simple] answer about {t} [depends on|varies with] [which source you follow|the period
        you have in mind|how exact you want to be], but the main points [stay the same|are not in dispute].

        What is [usually|commonly|generally] said about {t} [starts|begins] with [a place, a time, and a few
        names|a handful of well-known facts|the people involved].
    """,
    "yesno": """
        [Yes, in most cases|In most situations, yes|Generally, yes], although much about {t} depends on [the
        details|the circumstances|your goals].

        [It depends|That depends], [mostly|mainly|above all] on what you [expect from|want from|have in mind
        for] {t}.

        [There is no single answer|A plain yes or no would be too simple] when it comes to {t}, but [a few rules
        of thumb help|some general advice holds up well|most cases follow a pattern].

        [Probably|Quite possibly|Very likely], as long as {t} can be [treated with some care|looked at case by
        case|seen in context].
    """,
    "question": """
        [That is a good question|This comes up often|That is worth asking], and [the answer|a useful answer]
        [starts|begins] with {t}.

        When it comes to {t}, the [choice|answer] [usually|mostly] [depends on|comes down to] [what you need
        most|your priorities|the situation at hand].

        [A short answer|A first answer|Any answer] about {t} has to [leave something out|simplify a little], but
        [the outline is clear|the main points are easy to state].
    """,
    "request": """
        Here is [a short overview of|a brief summary of|a clear introduction to|a first look at] {t}.

        [Certainly|Of course|Gladly]. [Let us|Let's] [begin|start] with {t} and [work through the
        essentials|cover the main points one at a time|keep to what matters most].

        Here is one way to [present|approach|handle] {t} [in a few sentences|without too much detail|from the
        ground up].

        [A good|A useful|Any fair] account of {t} [should|ought to] [begin with the basics|state its purpose
        early|keep the main idea in view].

        To [do justice to|make sense of|get a clear picture of] {t}, it helps to [start from the
        beginning|separate the essentials from the details|take one aspect at a time].
    """,
    "code": """
        [Looking at|Reading through|Going over] {t}, the [overall structure|main flow|general intent] is clear,
        and [the details can be improved step by step|the open questions are about the edge cases|most changes
        can stay small].

        The [first|main] thing to check in {t} is [how the inputs are validated|what happens with empty or
        unexpected input|whether each part does one job].

        Before changing {t}, it [helps|pays] to [write a small test that shows the current behavior|run
        everything once with known input|name each step and what it returns].
    """,
    "statement": """
        [That is an interesting point about|Thank you for bringing up|It is good that you mention] {t}.

        [There is a lot|There is much|There is plenty] to say about {t}, and [you have picked a good place to
        start|your message touches on a key part of it|a few points stand out].

        [I see|That makes sense|Understood]. With {t}, [context|timing|the small print] [often|usually] [makes
        the difference|matters more than it seems].

        What you [describe|say|report] about {t} [fits|matches] [a common pattern|what many others report|a
        familiar picture].
    """,
}

# Openings that need no topic, and what may follow them.
SOCIAL = {
    "hello": """
        [Hello|Hi|Hi there|Hello there]! [How can I help you today|What can I do for you|What would you like to
        talk about|What is on your mind]?

        [Hello|Hi|Hi there]! It is [good|nice|lovely] to [hear from you|meet you].

        [Hello|Hi] and welcome! [Where shall we start|What brings you here today]?
    """,
    "smalltalk": """
        [I am doing well|All is well here|I am fine], thank you for asking! [How are you|What can I do for you]?

        [Doing well|Very well], thanks! [How can I help you today|What is on your mind]?
    """,
    "thanks": """
        [You are welcome|You're welcome|My pleasure|Glad I could help]!

        [You are very welcome|Happy to help]. [I hope that was useful|It was a pleasure].
    """,
    "farewell": """
        [Goodbye|Bye for now|See you soon]! [Take care|Have a good day|All the best].

        [Take care|Until next time]! It was [good|nice] talking with you.
    """,
    "empty": """
        [There are no words in that message|I could not find any words in that message|Your message came through
        without any text], so [please tell me|let me know] what you would like to [talk about|ask].

        [It looks like|It seems that] your message [has no text in it|came without words]. [What would you like
        to know|What can I help you with]?
    """,
    "offer": """
        [Feel free to|You are welcome to] [ask a question|describe a problem|name a topic] [whenever you like|at
        any time], and we can [take it from there|look at it together].

        If there is [anything else|something else] [you want to know|on your mind|you are working on], [just
        ask|let me know].

        [A question, a draft, or a rough idea|A single sentence or a long text] is [enough|all it takes] to [get
        started|begin].
    """,
    "talk": """
        [Short questions get short answers|A short question is fine], and [a little context|one concrete
        example] [usually|often] makes the answer [better|more useful].

        We can [look at a text|go through a plan|compare a few options] [step by step|line by line|together], or
        [start with a general question|begin with the big picture].

        If an answer [misses the point|is too long|is not clear], [say so|point it out] and I will try
        [again|another way].

        [Many conversations|The best conversations] [begin|start] with [something simple|a small question] and
        [become more specific|find their topic] [along the way|after a while].

        It [helps|is useful] to [say what you already know|mention what the answer is for|name the part that is
        unclear].

        [Some people|Many people] like to [think out loud|collect ideas first|begin with an example], and that
        works [well|fine] here too.
    """,
}

# What carries an answer past its opening.
BODY = {
    "context": """
        It is easy to [underestimate|misjudge] {t}, [partly|mainly] because [the basics look simple|first
        impressions differ|the interesting parts lie below the surface].

        [Much|Most|A good part] of what is [written|said|known] about {t} [comes from|goes back to] [practical
        experience|careful observation|people who tried things out].

        Like [most|many] subjects worth [knowing|exploring|studying], this one has [a simple core|a clear core]
        and [many details around it|a long list of exceptions].

        [Opinions on|Views on|Ideas about] {t} have [changed|shifted] [over time|more than once], but the
        [central questions|basic principles] [have stayed the same|remain familiar].

        It [helps|is useful] to [separate|distinguish] what is written about {t} from what [people see in
        practice|experience shows].

        The [context|setting|background] matters here: {t} can look very different [in a small project and in a
        large one|to a newcomer and to an expert|from up close and from a distance].
    """,
    "detail": """
        [One|A] [key|central|useful] [point|observation] is that [small changes|small differences|early
        decisions] can have [large effects|effects that show up much later|more influence than expected].

        [Three|A few] questions [are worth asking|deserve attention]: [what the goal is, what is already known,
        and what could go wrong|who is involved, what they need, and when].

        The [hardest|slowest] part with {t} is often [the beginning|finding a good starting
        point|knowing what to leave out], because [there are many options|good advice depends on context].

        [Experience|Practice] [shows|suggests] that [a simple plan|a modest start|regular attention] [works
        better than|is worth more than] [a burst of effort at the end|a long list of good intentions].

        [Each part|Every aspect] can be [studied|considered|improved] on its own, [yet|but] the
        [connections|links between them] [reveal the most|show why the whole works].

        [A closer look at|Careful attention to|Time spent on] {t} [usually|often] [reveals patterns that are
        easy to miss|brings out connections that a quick glance would miss|shows why the standard advice
        exists].

        [Details|Points|Choices] that seem minor [often|frequently] [turn out to be|prove] [decisive|important]
        [later on|in the end].

        [Numbers|Measurements|Comparisons] help here, because without them it is [hard to say|difficult to tell]
        whether [things are getting better|a change made any difference].

        With the basics of {t} in place, [the rest|the remaining work|everything else] becomes [much
        easier|largely a matter of practice|more predictable].

        [Good|Steady|Lasting] results [depend on|come from] [clear goals and honest feedback|patience and
        attention|asking the right questions early].
    """,
    "link": """
        [The connection with|The link to|The role of] {o} is [easy to overlook|worth a closer look|important
        here], [since|because] one rarely makes [full sense|much sense] without the other.

        [Questions|Decisions] about {o} [tend to follow|come up sooner or later], and they are easier to
        [answer|settle] once [the first part is clear|the main idea is in place].

        It also [helps|makes sense] to [keep {o} in mind|look at {o} next], because [the two are closely
        related|each sheds light on the other|many of the same ideas apply].

        [Together|Along|Combined] with {o}, {t} can [give a fuller picture|raise new questions|make more sense].

        [Someone|A reader|Anyone] who [knows a little about|has looked into] {o} will quickly see the point of
        {t}.
    """,
    "example": """
        For [example|instance], [a beginner|a small team|someone new to the field] might [spend an afternoon
        on|read about|look into] {t} and come away with [one clear idea to try|more questions than answers].

        [Imagine|Picture|Think of] [a friend who hears|a student who reads|someone who learns] about {t} for the
        first time: [a concrete case|a short story|a simple picture] helps far more than [a list of
        definitions|abstract rules].

        [A typical case|A common example] goes as follows: [someone tries the obvious solution, notices what is
        missing, and adjusts|a first attempt works halfway, and a second one fixes the rest|two people describe
        the same thing in different words, and both are right].

        [In practice|In everyday life|On an ordinary day], {t} will [often|usually] [show up|appear] [in small
        ways first|where few people are looking|as one concern among several].

        [Consider|Take] [a simple|an everyday] comparison: [learning to cook|planning a trip|learning an
        instrument] calls for [preparation|patience|a little planning], and much the same is true of {t}.

        [As a test|As an exercise|To try this out], [explain|describe] {t} to someone in two sentences and [see
        which questions come back|notice which part was hard to put into words].
    """,
    "caution": """
        [That said|Still|At the same time], no single rule [covers every case|fits all situations], so [it pays
        to|it is wise to] [check the assumptions|stay flexible|test conclusions on a real example].

        A [common|frequent|typical] mistake with {t} is to [rush|move on too quickly|copy a solution without
        understanding it|treat every case alike].

        There are [limits|exceptions], of course, and it is [fair|better|best] to [say so|mention them
        early|keep them in view].

        [Be careful with|Be wary of|Watch out for] [strong claims|simple slogans|quick fixes] around {t},
        [especially|particularly] when [they come without evidence|no source is given].

        Not [everyone|every expert] [will agree|agrees], and [disagreement|a difference of opinion] can [be
        useful|point to what still needs work].

        [What works|What is true|What holds] in one case [may not|need not] [carry over to|apply in] the next,
        so [a second look|some doubt|a short check] is [reasonable|worthwhile].
    """,
    "closing": """
        [In the end|Overall|All in all], {t} will [reward|repay] [patience|curiosity|careful attention] more
        than [haste|cleverness|guesswork].

        A [good|sensible|useful] next step is to [pick one aspect of|choose a single question about] {t} and
        [look at it closely|explore it in depth|follow it through].

        [If you like|If it helps|If you want to go further], [I can go into more detail on any of these
        points|we can look at a concrete case next|tell me more about your situation].

        [With that in mind|From there], the rest should be [easier to place|easier to follow|less of a mystery].

        [The main thing|What matters most] is to [keep asking questions|stay curious|keep the goal in view], and
        to [enjoy the process|change course when the facts do|share what you learn].

        [To sum up|In summary|In brief], [start small|keep it simple|begin with the basics], [check what you
        find|ask for examples], and [let the details come later|leave room for exceptions].
    """,
}
