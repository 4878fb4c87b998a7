//! Templates and packing as a whole, on authored inputs.

mod random;

use super::*;
use crate::data::Metadata;

fn config(budget: usize) -> PromptConfig {
    PromptConfig {
        budget_tokens: NonZeroUsize::new(budget).unwrap(),
        smallest_part_tokens: NonZeroUsize::new(5).unwrap(),
        ..PromptConfig::default()
    }
}

/// A template of one's own: few tokens, so that what is counted can be counted by hand.
const SMALL: &str = r#"
system = "S"
user = "{context} Q {question}"
source = "<source id={number}> [[{title} : ]]{text} </source>"
refusal = "No."
"#;

fn packer(config: &PromptConfig) -> Packer {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.toml");
    fs_err::write(&path, SMALL).unwrap();
    Packer::new(config, Template::load(&path).unwrap()).unwrap()
}

fn candidate<'a>(item: &'a str, text: &'a str, metadata: &'a Metadata) -> Candidate<'a> {
    Candidate {
        item,
        document: item.split('#').next().unwrap(),
        title: "",
        text,
        metadata,
        stretch: None,
    }
}

/// The stretch that an id such as `a#10-20` names.
fn stretch<'a>(item: &'a str, text: &'a str, metadata: &'a Metadata) -> Candidate<'a> {
    let (start, end) = item.split_once('#').unwrap().1.split_once('-').unwrap();
    Candidate {
        stretch: Some(start.parse().unwrap()..end.parse().unwrap()),
        ..candidate(item, text, metadata)
    }
}

fn items(packed: &Packed) -> Vec<&str> {
    let items = packed.sources.iter().map(|source| source.item.as_str());
    items.collect()
}

#[test]
fn the_built_in_templates_are_templates() {
    for cot in [false, true] {
        let template = Template::built_in(cot);
        assert_eq!(template.thinks(), cot);
        assert_eq!(template.refusal(), "I don't have enough information.");
        assert!(template.path().ends_with(if cot {
            "enterprise_cot.toml"
        } else {
            "enterprise.toml"
        }));
    }
}

#[test]
fn the_default_prompt_is_the_design_documents() {
    let metadata = Metadata::from([
        ("date".to_owned(), "2024-03-01".to_owned()),
        ("author".to_owned(), "P. \"Pat\" Doe".to_owned()),
    ]);
    let mut leave = candidate("leave.md", "Leave is 30 days.\n", &metadata);
    leave.title = "Leave";
    let packer = PromptConfig::default().open().unwrap();
    let made = packer.pack("How long is leave?", "", &[leave]).unwrap();
    assert!(made.prompt.system.starts_with(
        "You are an enterprise assistant. Answer based ONLY on the provided context. If the answer is not in the context, say 'I don't have enough information.'\n"
    ));
    assert!(made.prompt.system.contains("in the form [1], [2]"));
    assert_eq!(
        made.prompt.user,
        "Context:\n<source id=\"1\" title=\"Leave\" date=\"2024-03-01\" author=\"P. &quot;Pat&quot; Doe\">\nLeave is 30 days.\n</source>\n\n\
         Question: How long is leave?\n\nProvide a clear concise answer with citations."
    );
    assert_eq!(made.prompt.sources, ["Leave is 30 days."]);
    assert_eq!(made.about, ["Leave; 2024-03-01; P. &quot;Pat&quot; Doe"]);
    let (tokens, _) = TokenizerConfig::Words.open().unwrap();
    let count = |text: &str| tokens.of(text).unwrap().len();
    assert_eq!(
        made.tokens,
        count(&made.prompt.system) + count(&made.prompt.user)
    );
    assert_eq!(made.fixed_tokens, count(&made.prompt.system) + 2);
}

#[test]
fn what_was_said_before_stands_before_the_question() {
    let packer = PromptConfig::default().open().unwrap();
    let made = packer.pack("And then?", "User: {question}?", &[]).unwrap();
    assert_eq!(
        made.prompt.user,
        "Context:\n\n\nConversation so far:\nUser: {question}?\n\nQuestion: And then?\n\nProvide a clear concise answer with citations."
    );
    assert_eq!(made.sources, []);
}

#[test]
fn of_what_was_said_before_the_last_is_remembered() {
    let template = SMALL.replace("{context} Q", "{context} [[H {history} ]]Q");
    let pack = |budget, history: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.toml");
        fs_err::write(&path, &template).unwrap();
        let template = Template::load(&path).unwrap();
        let made = Packer::new(&config(budget), template)
            .unwrap()
            .pack("q", history, &[])
            .unwrap();
        (made.prompt.user, made.forgotten, made.tokens)
    };
    let history = "a b\nc d e\nf g";
    // 3 tokens are the template's and the question's. Half of the rest is for the history, one of it for its label.
    assert_eq!(
        pack(19, history),
        (" H a b\nc d e\nf g Q q".to_owned(), 0, 11)
    );
    assert_eq!(pack(18, history), (" H c d e\nf g Q q".to_owned(), 1, 9));
    assert_eq!(pack(9, history), (" H f g Q q".to_owned(), 2, 6));
    assert_eq!(pack(8, history), (" Q q".to_owned(), 3, 3));
    assert_eq!(pack(3, history), (" Q q".to_owned(), 3, 3));
    assert_eq!(pack(3, ""), (" Q q".to_owned(), 0, 3));
    let long = "turn\n".repeat(100_000);
    assert_eq!(pack(100, &long).1, 100_000 - 47);
}

#[test]
fn a_template_that_lacks_something_says_what_and_where() {
    let error = |text: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.toml");
        fs_err::write(&path, text).unwrap();
        let message = Template::load(&path).unwrap_err().to_string();
        message.replace(&path.display().to_string(), "t.toml")
    };
    for (from, to, message) in [
        (
            "{context}",
            "c",
            "`t.toml`: `{context}` stands neither in `user` nor in `system`; put it where it belongs",
        ),
        (
            "{question}",
            "q",
            "`t.toml`: `{question}` stands neither in `user` nor in `system`; put it where it belongs",
        ),
        (
            "{text}",
            "",
            "`t.toml`: `{text}` does not stand in `source`; put it where it belongs",
        ),
        (
            "{number}",
            "",
            "`t.toml`: `{number}` does not stand in `source`; put it where it belongs",
        ),
        (
            "\"S\"",
            "\"{title}\"",
            "`t.toml`: `{title}` in `system` is unknown; there are {context}, {question} and {history}, and `{{` and `}}` for braces",
        ),
        (
            "\"S\"",
            "\"{context}\"",
            "`t.toml`: `{context}` stands 2 times in the messages; leave it once",
        ),
        (
            "\"S\"",
            "\"{\"",
            "`t.toml`: in `system`, `{` is half a placeholder; write `{name}`, or `{{` and `}}` for braces",
        ),
        (
            "\"No.\"",
            "\" \"",
            "`t.toml`: `refusal` is empty; give the sentence with which the model is to say that it does not know",
        ),
    ] {
        assert_eq!(error(&SMALL.replace(from, to)), message);
    }
    let unknown = error(&format!("{SMALL}\nusr = \"\""));
    assert!(unknown.contains("unknown field `usr`"), "{unknown}");
    assert!(unknown.contains("t.toml"), "{unknown}");
}

#[test]
fn a_config_is_checked() {
    let mut config = config(10);
    config.smallest_part_tokens = NonZeroUsize::new(11).unwrap();
    assert_eq!(
        config.validate().unwrap_err().to_string(),
        "`smallest_part_tokens = 11` is more than `budget_tokens = 10`; lower it"
    );
    let both: PromptConfig =
        toml::from_str("template = \"x.toml\"\nchain_of_thought = true").unwrap();
    assert!(both.validate().is_err());
    let written: PromptConfig = toml::from_str(
        "budget_tokens = 100\norder = \"edges\"\nwhen_full = \"truncate\"\ntokenizer = \"words\"",
    )
    .unwrap();
    assert_eq!(written.order, Order::Edges);
    assert!(written.validate().is_ok());
    assert!(toml::from_str::<PromptConfig>("budget = 1").is_err());
    assert!(toml::from_str::<PromptConfig>("budget_tokens = 0").is_err());
}

#[test]
fn budgets_below_template_question_and_first_source_give_both_numbers() {
    let metadata = Metadata::new();
    let template = Template::built_in(false);
    let error = Packer::new(&config(20), template)
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("enterprise.toml") && error.contains("`budget_tokens` is 20"),
        "{error}"
    );
    // S and Q are the template's own tokens, a frame has 10: `<`, `source`, `id`, `=`, `1`, `>`, `<`, `/`, `source`, `>`.
    let packed = |budget, question: &str| {
        let leave = candidate("a", "one two three", &metadata);
        packer(&config(budget)).pack(question, "", &[leave])
    };
    assert_eq!(
        packed(6, "a b c d e").unwrap_err().to_string(),
        "the question makes a prompt of 7 tokens without any source, `budget_tokens` is 6; raise it or shorten the question"
    );
    assert_eq!(
        packed(15, "a b c").unwrap_err().to_string(),
        "the prompt takes 15 tokens with the question and an empty source, `budget_tokens` is 15, so nothing of the first source fits; raise it"
    );
    let least = packed(16, "a b c").unwrap();
    assert_eq!(
        (least.tokens, least.prompt.sources),
        (16, vec!["one".to_owned()])
    );
    assert!(least.sources[0].truncated);
    let whole = packed(18, "a b c").unwrap();
    assert!(!whole.sources[0].truncated);
}

#[test]
fn the_first_is_cut_at_a_sentence_or_else_a_token_and_its_title_goes_last() {
    let metadata = Metadata::new();
    let text = "One two three four five. Six seven eight nine ten. Eleven twelve thirteen.";
    let mut long = candidate("a", text, &metadata);
    long.title = "T T";
    // 13 tokens: S, Q, q and the frame; 3 for title and colon.
    let cut = |room: usize| {
        let packed = packer(&config(13 + room))
            .pack("q", "", std::slice::from_ref(&long))
            .unwrap();
        assert!(packed.tokens <= 13 + room);
        assert_eq!(packed.sources[0].truncated, room < 19);
        (packed.about[0].clone(), packed.prompt.sources[0].clone())
    };
    let with_title = |text: &str| ("T T".to_owned(), text.to_owned());
    assert_eq!(cut(19), with_title(text));
    assert_eq!(
        cut(18),
        with_title("One two three four five. Six seven eight nine ten.")
    );
    assert_eq!(cut(14), with_title("One two three four five."));
    assert_eq!(cut(9), with_title("One two three four five."));
    assert_eq!(cut(8), with_title("One two three four five"));
    // Fewer than 5 tokens with the title: then without.
    assert_eq!(
        cut(7),
        (String::new(), "One two three four five.".to_owned())
    );
    assert_eq!(cut(4), (String::new(), "One two three four".to_owned()));
    assert_eq!(cut(1), (String::new(), "One".to_owned()));
}

#[test]
fn when_it_is_full() {
    let metadata = Metadata::new();
    let long = "w ".repeat(30);
    let candidates = [
        candidate("a", "one two", &metadata),
        candidate("b", &long, &metadata),
        candidate("c", "three four", &metadata),
        candidate("d", "five six", &metadata),
    ];
    // 3 + 12 for each short one; 12 more leave room for 2 tokens of the long one, 17 for 7.
    let pack = |when_full, budget| {
        let config = PromptConfig {
            when_full,
            ..config(budget)
        };
        packer(&config).pack("q", "", &candidates).unwrap()
    };
    let skip = pack(WhenFull::Skip, 39);
    assert_eq!(
        (items(&skip), skip.tokens, skip.dropped),
        (vec!["a", "c", "d"], 39, 1)
    );
    let skip = pack(WhenFull::Skip, 38);
    assert_eq!(
        (items(&skip), skip.tokens, skip.dropped),
        (vec!["a", "c"], 27, 2)
    );
    let stop = pack(WhenFull::Stop, 39);
    assert_eq!(
        (items(&stop), stop.tokens, stop.dropped),
        (vec!["a"], 15, 3)
    );
    let truncate = pack(WhenFull::Truncate, 30);
    assert_eq!(
        (items(&truncate), truncate.tokens, truncate.dropped),
        (vec!["a", "b"], 30, 2)
    );
    assert_eq!(truncate.prompt.sources[1], "w w w w w");
    assert!(truncate.sources[1].truncated && !truncate.sources[0].truncated);
    // Four tokens would be left of it, five are asked for.
    let too_few = pack(WhenFull::Truncate, 29);
    assert_eq!((items(&too_few), too_few.dropped), (vec!["a"], 3));
}

#[test]
fn what_says_nothing_new_is_passed_over() {
    let metadata = Metadata::new();
    let candidates = [
        stretch("a#0-100", "first", &metadata),
        stretch("b#0-100", " First\n", &metadata),
        stretch("a#20-120", "80 of 100 characters are known", &metadata),
        stretch("a#21-121", "79 are", &metadata),
        stretch("a#30-40", "inside", &metadata),
        stretch("c#30-40", "another document", &metadata),
        candidate("d", "", &metadata),
        candidate("e", " ", &metadata),
    ];
    let packed = packer(&config(1000)).pack("q", "", &candidates).unwrap();
    assert_eq!(items(&packed), ["a#0-100", "a#21-121", "c#30-40", "d"]);
    assert_eq!((packed.duplicates, packed.dropped), (4, 0));
    let two = PromptConfig {
        chunks: NonZeroUsize::new(2).unwrap(),
        ..config(1000)
    };
    let packed = packer(&two).pack("q", "", &candidates).unwrap();
    assert_eq!(items(&packed), ["a#0-100", "a#21-121"]);
    assert_eq!((packed.duplicates, packed.dropped), (2, 0));
}

#[test]
fn sources_stand_in_the_order_that_is_asked_for() {
    let metadata = Metadata::new();
    let candidates = [
        stretch("b#50-60", "one", &metadata),
        stretch("a#50-60", "two", &metadata),
        stretch("b#10-20", "three", &metadata),
        stretch("a#10-20", "four", &metadata),
        candidate("c", "five", &metadata),
    ];
    for (order, expected) in [
        (Order::Rank, "one two three four five"),
        (Order::Reverse, "five four three two one"),
        (Order::Edges, "one three five four two"),
        (Order::Document, "three one four two five"),
    ] {
        let config = PromptConfig {
            order,
            ..config(1000)
        };
        let packed = packer(&config).pack("q", "", &candidates).unwrap();
        assert_eq!(packed.prompt.sources.join(" "), expected);
        let numbered = packed
            .prompt
            .sources
            .iter()
            .zip(1..)
            .map(|(text, number)| format!("<source id={number}> {text} </source>"));
        assert_eq!(
            packed.prompt.user,
            format!("{} Q q", numbered.collect::<Vec<_>>().join("\n"))
        );
    }
}
