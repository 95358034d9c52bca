// Prints what serde makes of values of types that wit-bindgen made, one JSON object a line:
// {"type": …, "json": …}. See README.md beside Cargo.toml.
wit_bindgen::generate!({
    path: "wit",
    world: "vectors",
    generate_unused_types: true,
    additional_derives: [serde::Deserialize, serde::Serialize],
});

use test::vectors::sink::*;

fn show<T: serde::Serialize + serde::de::DeserializeOwned>(name: &str, value: &T) {
    let json = serde_json::to_string(value).unwrap();
    // What serde cannot read back is no vector (not-a-number is written as null).
    let readable = serde_json::from_str::<T>(&json).is_ok();
    let line = serde_json::json!({ "type": name, "json": json, "readable": readable });
    println!("{line}");
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

fn texts(string: &str, char: char, icon: Option<&str>, bytes: &[u8]) -> Texts {
    Texts {
        char,
        string: string.into(),
        bool: bytes.is_empty(),
        type_: "type".into(),
        base64_icon: icon.map(Into::into),
        move_: bytes.into(),
        get_http_now: "now".into(),
    }
}

fn main() {
    let zero = Numbers { a: 0, b: 0, c: 0, d: 0, e: 0, f: 0, g: 0, h: 0 };
    let most = Numbers {
        a: u8::MAX, b: u16::MAX, c: u32::MAX, d: u64::MAX,
        e: i8::MAX, f: i16::MAX, g: i32::MAX, h: i64::MAX,
    };
    let least = Numbers { e: i8::MIN, f: i16::MIN, g: i32::MIN, h: i64::MIN, ..zero };
    let safe = Numbers { d: (1 << 53) - 1, h: -(1 << 53), ..zero };
    let beyond = Numbers { d: 1 << 53, h: -(1 << 53) - 1, ..zero };
    for numbers in [zero, most, least, safe, beyond] {
        show("numbers", &numbers);
    }
    let doubles = [
        0.0, -0.0, 1.0, -1.5, 0.1, 1e15, 1e16, 123456789012345680.0, 1e17, 1e20, 1e21, 1.25e22, 1e100, 1e-4, 1e-5,
        1.5e-5, 1e-6, 1.5e-7, 1e-7, 5e-324, f64::MAX, f64::MIN_POSITIVE, 4503599627370497.5, 9007199254740993.0,
        0.3, 2.0 / 3.0, f64::NAN, f64::INFINITY, -f64::INFINITY,
    ];
    let singles = [
        0.0f32, -0.0, 1.0, 0.1, 0.3, 16777216.0, 1e7, 1e12, 1e13, 1e14, 1.5e20, 1e-5, 1e-6, 1e-7, 1.5e-6, 1e-10,
        f32::MAX, f32::MIN_POSITIVE, 1e-45, 3.4e38, 0.333333343, 123456.789, 8388609.0, -2.5,
    ];
    for (at, double) in doubles.iter().enumerate() {
        show("floats", &Floats { single: singles[at % singles.len()], double: *double });
    }
    let mut random = Random(0x9e3779b97f4a7c15);
    for _ in 0..60 {
        let single = f32::from_bits(random.next() as u32);
        let double = f64::from_bits(random.next());
        if single.is_finite() && double.is_finite() {
            show("floats", &Floats { single, double });
        }
        let small = (random.next() % 2_000_000) as f64 / 1000.0 - 1000.0;
        show("floats", &Floats { single: small as f32, double: small });
    }
    let controls: String = (0u8..0x20).map(char::from).collect();
    let samples = [
        texts("", 'a', None, &[]),
        texts("plain", 'é', Some(""), &[0, 1, 127, 128, 255]),
        texts("quote \" back \\ slash / del \u{7f}", '"', Some("x"), &[7]),
        texts(&controls, '\u{1f}', None, &[]),
        texts("line\u{2028}par\u{2029} 😀 \u{fffd} \u{10ffff}", '😀', None, &[]),
    ];
    for sample in &samples {
        show("texts", sample);
        show("request", &Request::Send(sample.clone()));
    }
    for level in [Level::ReadOnly, Level::S3Get, Level::Http] {
        show("level", &level);
        show("request", &Request::Level(level));
        show("request", &Request::Maybe(Some(level)));
        show("request", &Request::Many(vec![("a".into(), level), ("b".into(), Level::Http)]));
        show("response", &Response::Fetch(Err(level)));
    }
    show("request", &Request::ListFiles);
    show("request", &Request::AddField(("node".into(), "field".into(), u64::MAX)));
    show("request", &Request::Maybe(None));
    show("request", &Request::Many(vec![]));
    show("request", &Request::One((9,)));
    show("response", &Response::ListFiles(samples.to_vec()));
    show("response", &Response::ListFiles(vec![]));
    show("response", &Response::Send);
    show("response", &Response::Run(Ok(())));
    show("response", &Response::Run(Err("no".into())));
    show("response", &Response::Fetch(Ok(None)));
    show("response", &Response::Fetch(Ok(Some(most))));
    show("response", &Response::Nothing(Ok(())));
    show("response", &Response::Nothing(Err(())));
    show("response", &Response::Wait(Ok(u64::MAX)));
    show("response", &Response::Wait(Err(())));
    show("response", &Response::Err("text".into()));
}
