//! Completions from the cache and from a recording, and what may be spent on them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ragkit::caches::CachedModel;
use ragkit::models::language::{Completion, LanguageModel, LanguageModelConfig, Prompt, Record};
use serde_json::json;

use crate::chat_server::{
    ANTHROPIC, OPENAI, Reply, Server, events, good, prompt, prompts, said, secret,
};

fn open(config: &LanguageModelConfig, folder: &Path) -> CachedModel {
    CachedModel::open(config.open().unwrap(), folder).unwrap()
}

fn file(config: &LanguageModelConfig, folder: &Path) -> PathBuf {
    folder.join(format!("{}.jsonl", config.open().unwrap().digest))
}

fn texts(completions: Vec<Result<Completion, String>>) -> Vec<String> {
    let text = |completion: Result<Completion, String>| completion.unwrap().text;
    completions.into_iter().map(text).collect()
}

#[test]
fn what_is_the_same_is_asked_once() {
    let server = Server::new(|asked, _| good(OPENAI, asked.prompt));
    let folder = tempfile::tempdir().unwrap();
    let config = server.config(OPENAI, "");
    let asked: Vec<Prompt> = ["a", "b", "a", "c", "b", "a"].map(prompt).into();
    let completions = open(&config, folder.path()).complete(&asked);
    let cached: Vec<bool> = completions
        .iter()
        .map(|completion| completion.as_ref().unwrap().clock.cached)
        .collect();
    assert_eq!(cached, [false, false, true, false, true, true]);
    let expected = asked.iter().map(|prompt| said(&prompt.user));
    assert_eq!(texts(completions), expected.collect::<Vec<_>>());
    assert_eq!(server.requests(), 3);
    // The system's message is part of the prompt; what no server reads is not.
    let other = Prompt {
        system: "Sing.".into(),
        ..prompt("a")
    };
    let same = Prompt {
        question: "Why?".into(),
        sources: vec!["x".into()],
        ..prompt("a")
    };
    open(&config, folder.path()).complete(&[other, same]);
    assert_eq!(server.requests(), 4);
}

#[test]
fn lines_that_are_not_as_they_were_written_are_asked_again() {
    let server = Server::new(|asked, _| good(OPENAI, asked.prompt));
    let folder = tempfile::tempdir().unwrap();
    let config = server.config(OPENAI, "concurrency = 1");
    let asked = prompts(4);
    let expected = texts(open(&config, folder.path()).complete(&asked));
    let path = file(&config, folder.path());
    let whole = std::fs::read(&path).unwrap();
    let ends: Vec<usize> = (0..whole.len())
        .filter(|place| whole[*place] == b'\n')
        .collect();
    let flipped = |place: usize| {
        let mut flipped = whole.clone();
        flipped[place] ^= 1;
        flipped
    };
    let mut requests = server.requests();
    for (damaged, missing) in [
        // The last line torn, at its end and anywhere; a line changed, be it an end of one, which joins two.
        (whole[..ends[3]].to_vec(), 1),
        (whole[..ends[2] + 5].to_vec(), 1),
        (whole[..=ends[1]].to_vec(), 2),
        (flipped(ends[0] + 30), 1),
        (flipped(ends[3] - 5), 1),
        (flipped(ends[1]), 2),
        (Vec::new(), 4),
    ] {
        std::fs::write(&path, &damaged).unwrap();
        for missing in [missing, 0] {
            assert_eq!(
                texts(open(&config, folder.path()).complete(&asked)),
                expected
            );
            requests += missing;
            assert_eq!(server.requests(), requests);
        }
        let lines = std::fs::read(&path).unwrap();
        let lines: Vec<&[u8]> = lines.split(|byte| *byte == b'\n').collect();
        let good = lines.iter().filter_map(|line| Record::parse(line)).count();
        assert_eq!(good, 4);
    }
}

#[test]
fn caches_that_are_open_together_share_what_comes() {
    let server = Server::new(|asked, _| good(OPENAI, asked.prompt));
    let folder = tempfile::tempdir().unwrap();
    let config = server.config(OPENAI, "");
    let (first, second) = (open(&config, folder.path()), open(&config, folder.path()));
    let asked = prompts(60);
    first.complete(&asked[..20]);
    second.complete(&asked[..40]);
    assert_eq!(server.requests(), 40);
    // At the same time, of different prompts: no line is lost or broken by another.
    std::thread::scope(|scope| {
        scope.spawn(|| first.complete(&asked[40..50]));
        scope.spawn(|| second.complete(&asked[50..]));
    });
    assert_eq!(server.requests(), 60);
    open(&config, folder.path()).complete(&asked);
    assert_eq!(server.requests(), 60);
    let text = std::fs::read_to_string(file(&config, folder.path())).unwrap();
    assert!(
        text.lines()
            .all(|line| Record::parse(line.as_bytes()).is_some())
    );
    assert!(!text.contains(&secret().1));
}

#[test]
fn a_second_pass_asks_for_what_the_first_did_not_get() {
    let server = Server::new(|asked, log| {
        let is_refused = log.requests.len() <= 30 && asked.prompt.ends_with(['3', '7']);
        if is_refused {
            Reply::Whole(400, "", "not now".into())
        } else {
            good(ANTHROPIC, asked.prompt)
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let config = server.config(ANTHROPIC, "");
    let asked = prompts(30);
    let first = open(&config, folder.path()).complete(&asked);
    assert_eq!(
        first
            .iter()
            .filter(|completion| completion.is_err())
            .count(),
        6
    );
    let second = open(&config, folder.path()).complete(&asked);
    assert_eq!(
        second
            .iter()
            .filter(|completion| completion.is_err())
            .count(),
        0
    );
    assert_eq!(server.requests(), 36);
    let answered = &server.log.lock().unwrap().answered;
    assert!(answered.len() == 30 && answered.values().all(|count| *count == 1));
}

/// Where the process of the next test finds what to do.
const KILLED: &str = "RAGKIT_TEST_KILLED";

/// Not a test of its own: what the process does that the next test kills.
#[test]
fn a_process_that_is_killed() {
    let Ok(task) = std::env::var(KILLED) else {
        return;
    };
    let (folder, config) = task.split_once('\n').unwrap();
    let config = serde_json::from_str(config).unwrap();
    open(&config, Path::new(folder)).complete(&prompts(200));
}

#[test]
fn a_process_that_is_killed_loses_no_answer_but_those_on_the_way() {
    let server = Server::new(|asked, _| {
        Reply::Parts(events(OPENAI, &[&said(asked.prompt)], 10, [7, 3]), true)
    });
    let folder = tempfile::tempdir().unwrap();
    let config = server.config(OPENAI, "concurrency = 4");
    let task = format!(
        "{}\n{}",
        folder.path().display(),
        serde_json::to_string(&config).unwrap()
    );
    let mut process = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "completions::a_process_that_is_killed"])
        .env(KILLED, task)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while server.requests() < 60 && process.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    process.kill().unwrap();
    assert!(!process.wait().unwrap().success(), "it was still at work");
    let before = server.requests();
    let path = file(&config, folder.path());
    let kept = std::fs::read_to_string(&path).unwrap();
    let kept = kept.matches('\n').count();
    assert!(kept + 4 >= before, "{kept} of {before} are kept");
    let completions = open(&config, folder.path()).complete(&prompts(200));
    assert_eq!(texts(completions).len(), 200);
    assert_eq!(server.requests(), before + 200 - kept);
    let answered = server.log.lock().unwrap().answered.clone();
    assert_eq!(answered.len(), 200);
    let twice = answered.values().filter(|count| **count == 2).count();
    assert!(twice <= 4 && answered.values().all(|count| *count <= 2));
}

fn replay(path: &Path) -> anyhow::Result<Box<dyn LanguageModel + Send>> {
    let config = json!({ "replay": { "path": path } });
    let config: LanguageModelConfig = serde_json::from_value(config)?;
    config.validate()?;
    config.check()?;
    Ok(config.open()?.model)
}

#[test]
fn a_cache_can_be_replayed() {
    let server = Server::new(|asked, _| good(OPENAI, asked.prompt));
    let folder = tempfile::tempdir().unwrap();
    let config = server.config(OPENAI, "");
    let asked = prompts(5);
    let first = open(&config, folder.path()).complete(&asked);
    let path = file(&config, folder.path());
    assert_eq!(replay(&path).unwrap().complete(&asked), first);
    let error = replay(&path).unwrap().complete(&[prompt("new")]).remove(0);
    let expected = format!(
        "`{}` has no completion of the prompt `{}`; record it, or ask a model",
        path.display(),
        prompt("new").hash()
    );
    assert_eq!(error, Err(expected));
}

#[test]
fn a_recording_can_be_written_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recorded.jsonl");
    let hash = prompt("b").hash();
    let lines = [
        json!({ "system": "You answer.", "user": "a", "text": "A b." }).to_string(),
        String::new(),
        json!({ "prompt_hash": hash, "text": "B", "tokens_in": 9, "tokens_out": 8, "finish": "length" }).to_string(),
        json!({ "user": "c", "text": "C" }).to_string(),
        json!({ "user": "c", "text": "C" }).to_string(),
    ];
    std::fs::write(&path, lines.join("\n")).unwrap();
    let without = Prompt {
        user: "c".into(),
        ..Prompt::default()
    };
    let completions = replay(&path)
        .unwrap()
        .complete(&[prompt("b"), prompt("a"), without]);
    let shown: Vec<String> = completions
        .into_iter()
        .map(|completion| {
            let c = completion.unwrap();
            format!(
                "{} {:?} {} {} {}",
                c.text, c.finish, c.tokens_in, c.tokens_out, c.estimated
            )
        })
        .collect();
    // `You answer . a` are four words, `A b .` three.
    assert_eq!(
        shown,
        [
            "B Length 9 8 false",
            "A b. Stop 4 3 true",
            "C Stop 1 1 true"
        ]
    );
    for (line, message) in [
        (
            "{\"text\": \"x\"}",
            "must say what it answers: by `prompt_hash`, or by `user` and, where there is one, `system`",
        ),
        (
            "{\"user\": \"c\", \"text\": \"D\"}",
            "answers the prompt of an earlier line with another text; keep one of them",
        ),
        (
            "{\"user\": \"d\"}",
            "is no recorded completion: missing field `text` at line 1 column 13; mend or remove the line",
        ),
    ] {
        std::fs::write(&path, format!("{}\n{line}\n", lines.join("\n"))).unwrap();
        let error = replay(&path).err().unwrap().to_string();
        assert_eq!(error, format!("`{}` line 6: {message}", path.display()));
    }
    assert_eq!(
        replay(Path::new("no/such.jsonl"))
            .err()
            .unwrap()
            .to_string(),
        "the recorded completions `no/such.jsonl` are not there; name the file that holds them"
    );
}
