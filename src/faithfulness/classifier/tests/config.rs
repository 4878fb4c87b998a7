//! What a user says of a classifier, and reads where it does not suffice.

use super::*;

#[test]
fn a_config_says_which_model_and_what_its_labels_mean() {
    let (golden, tokenizers) = golden();
    let folder = golden.folder("deberta-v3", &tokenizers);
    let read = |more: &str| -> ClassifierConfig {
        let text = format!(
            "model = '{}'\ndevice = 'cpu'\n{more}",
            folder.path().display()
        );
        let config: ClassifierConfig = toml::from_str(&text).unwrap();
        config.validate().unwrap();
        config.check().unwrap();
        config
    };
    assert_eq!(read(""), on(&folder));
    let open = |more: &str| Classifier::open(&read(more)).unwrap();
    let usual = open("");
    assert_eq!(
        usual.describe(),
        format!(
            "tier 2 (classifier `{}`, `entailment` means supported), threshold 0.5 (the config's)",
            folder.path().display()
        )
    );
    assert_eq!(
        usual.digest().unwrap(),
        open("threshold = 0.5").digest().unwrap()
    );
    for more in [
        "threshold = 0.4",
        "supported = ['neutral']",
        "window_tokens = 30",
    ] {
        assert_ne!(usual.digest().unwrap(), open(more).digest().unwrap());
    }
    let written = Written::of(&["The sea."]);
    let subject = written.subject("", &[("the sea", "")]);
    let of = |more: &str| only(&open(more), &subject).claims[0].support;
    let parts = of("") + of("supported = ['contradiction']") + of("supported = [2]");
    assert!((parts - 1.0).abs() < 1e-9);
    let rest = of("unsupported = ['contradiction', 'neutral']");
    assert!((rest - of("")).abs() < 1e-9);

    let wrong = |config: ClassifierConfig| config.validate().unwrap_err().to_string();
    assert_eq!(
        wrong(ClassifierConfig::at("")),
        "`classifier` names no `model`; give the name of a folder"
    );
    assert_eq!(
        wrong(ClassifierConfig {
            threshold: f64::NAN,
            ..ClassifierConfig::at("m")
        }),
        "`classifier.threshold = NaN` must be a number from 0 to 1"
    );
    assert_eq!(
        wrong(ClassifierConfig {
            window_tokens: Some(0),
            ..ClassifierConfig::at("m")
        }),
        "`classifier.window_tokens` must be above 0"
    );
    assert_eq!(
        wrong(ClassifierConfig {
            template: Some("{context}".into()),
            ..ClassifierConfig::at("m")
        }),
        "`classifier.template` does not say where the sources stand; put `{contexts}` in it"
    );
    let both =
        toml::from_str::<ClassifierConfig>("model = 'm'\nsupported = [0]\nunsupported = [1]");
    assert_eq!(
        wrong(both.unwrap()),
        "`classifier` names labels under `supported` and under `unsupported`; keep one of them, the labels left over mean the other"
    );
    assert!(toml::from_str::<ClassifierConfig>("model = 'm'\nlabel = 1").is_err());
}

#[test]
fn a_model_that_does_not_tell_is_asked_about() {
    let (golden, tokenizers) = golden();
    let model = golden
        .models
        .iter()
        .find(|one| one.name == "deberta-v3")
        .unwrap();
    assert_eq!(model.head, HeadKind::Sequence);
    let folder = golden.folder("deberta-v3", &tokenizers);
    let mut file = model.files["config.json"].clone();
    file["id2label"] = Value::Null;
    file["architectures"] = Value::Null;
    fs::write(folder.path().join("config.json"), file.to_string()).unwrap();
    let failure =
        |config: &ClassifierConfig| format!("{:#}", Classifier::open(config).err().unwrap());
    assert!(failure(&on(&folder)).ends_with("say so with `head = 'sequence'` or `head = 'token'`"));
    let named = ClassifierConfig {
        head: Some(HeadKind::Sequence),
        ..on(&folder)
    };
    assert!(failure(&named).ends_with("`LABEL_0`, `LABEL_1`, `LABEL_2`"));
    let told = ClassifierConfig {
        supported: vec![Label::Number(1)],
        ..named
    };
    assert!(Classifier::open(&told).is_ok());
}
