//! Export of traces, configured by OpenTelemetry's standard variables: off unless one of them names a collector.

use http::Uri;

use super::{ConfigProblems, Environment};
use crate::spans::{Sampling, Settings};

/// `None`: nothing is traced.
pub fn traces(environment: Environment, problems: &mut ConfigProblems) -> Option<Settings> {
    let either = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, environment(name)?)));
    if environment("OTEL_SDK_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true")) {
        return None;
    }
    match environment("OTEL_TRACES_EXPORTER").as_deref() {
        None | Some("otlp") => {}
        Some("none") => return None,
        Some(other) => {
            problems.add(format!("OTEL_TRACES_EXPORTER: {other:?} is neither otlp nor none"));
            return None;
        }
    }
    let (name, endpoint) = either(["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"])?;
    let protocol = either(["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"]);
    if let Some((name, protocol)) = protocol.filter(|(_, protocol)| protocol != "grpc") {
        problems.add(format!("{name}: {protocol:?} is not supported; only grpc is"));
    }
    let sampling = sampling(environment, problems);
    let endpoint = problems.some(name, collector(endpoint))?;
    Some(Settings { endpoint, sampling: sampling? })
}

/// The error does not quote the text, which may contain a secret.
fn collector(endpoint: String) -> Result<String, String> {
    let uri = endpoint.parse::<Uri>().ok();
    let uri = uri.filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")));
    match uri.as_ref().and_then(Uri::authority) {
        Some(authority) if authority.as_str().contains('@') => {
            Err("must not contain a user or password; use OTEL_EXPORTER_OTLP_HEADERS for secrets".into())
        }
        Some(_) => Ok(endpoint),
        None => Err("it is not a URL such as http://127.0.0.1:4317".into()),
    }
}

fn sampling(environment: Environment, problems: &mut ConfigProblems) -> Option<Sampling> {
    let name = environment("OTEL_TRACES_SAMPLER").unwrap_or_else(|| "parentbased_always_on".into());
    let own = name.strip_prefix("parentbased_");
    let parent = own.is_some();
    match own.unwrap_or(&name) {
        "always_on" => Some(Sampling { parent, ratio: 1.0 }),
        "always_off" => Some(Sampling { parent, ratio: 0.0 }),
        "traceidratio" => {
            let text = environment("OTEL_TRACES_SAMPLER_ARG").unwrap_or_else(|| "1".into());
            let ratio = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
            let ratio = ratio.ok_or_else(|| format!("{text:?} is not a number from 0 to 1"));
            problems.some("OTEL_TRACES_SAMPLER_ARG", ratio).map(|ratio| Sampling { parent, ratio })
        }
        _ => {
            let all = "always_on, always_off, traceidratio, each also with parentbased_ before it";
            problems.add(format!("OTEL_TRACES_SAMPLER: {name:?} is none of {all}"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[&str]) -> Result<Option<Settings>, Vec<String>> {
        let mut problems = ConfigProblems::default();
        let find = |name: &str| {
            let pairs = variables.iter().filter_map(|pair| pair.split_once('='));
            pairs.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).next()
        };
        let found = traces(&find, &mut problems);
        if problems.wrong.is_empty() { Ok(found) } else { Err(problems.wrong) }
    }

    const HERE: &str = "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317";

    #[test]
    fn nothing_is_traced_unless_a_collector_is_named() {
        let off: [&[&str]; 4] = [
            &[],
            &["OTEL_TRACES_EXPORTER=otlp", "OTEL_TRACES_SAMPLER=always_on"],
            &[HERE, "OTEL_SDK_DISABLED=true"],
            &[HERE, "OTEL_TRACES_EXPORTER=none"],
        ];
        for variables in off {
            assert_eq!(read(variables), Ok(None), "{variables:?}");
        }
        let own = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=https://traces.example:443";
        let found = read(&[HERE, own]).unwrap().expect("on");
        assert_eq!(found.endpoint, "https://traces.example:443");
        assert_eq!(found.sampling, Sampling { parent: true, ratio: 1.0 });
    }

    #[test]
    fn samplers_are_those_of_the_specification() {
        for (sampler, argument, parent, ratio) in [
            ("always_on", "", false, 1.0),
            ("always_off", "", false, 0.0),
            ("traceidratio", "0.25", false, 0.25),
            ("parentbased_always_off", "", true, 0.0),
            ("parentbased_traceidratio", "0.01", true, 0.01),
        ] {
            let sampler = format!("OTEL_TRACES_SAMPLER={sampler}");
            let argument = format!("OTEL_TRACES_SAMPLER_ARG={argument}");
            let found = read(&[HERE, &sampler, &argument]).unwrap().expect("on");
            assert_eq!(found.sampling, Sampling { parent, ratio }, "{sampler}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_no_secret_shown() {
        for (variables, start) in [
            ([HERE, "OTEL_TRACES_EXPORTER=jaeger"], "OTEL_TRACES_EXPORTER: \"jaeger\""),
            ([HERE, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"], "OTEL_EXPORTER_OTLP_PROTOCOL: \"http/protobuf\""),
            ([HERE, "OTEL_TRACES_SAMPLER=xray"], "OTEL_TRACES_SAMPLER: \"xray\""),
            (
                ["OTEL_EXPORTER_OTLP_ENDPOINT=http://a:tooth@h:1", ""],
                "OTEL_EXPORTER_OTLP_ENDPOINT: must not contain a user",
            ),
            (["OTEL_EXPORTER_OTLP_ENDPOINT=tooth", ""], "OTEL_EXPORTER_OTLP_ENDPOINT: it is not a URL such as"),
        ] {
            let message = read(&variables).unwrap_err();
            assert!(
                message.len() == 1 && message[0].starts_with(start) && !message[0].contains("tooth"),
                "{message:?}"
            );
        }
        let message = read(&[HERE, "OTEL_TRACES_SAMPLER=traceidratio", "OTEL_TRACES_SAMPLER_ARG=2"]).unwrap_err();
        assert_eq!(message, ["OTEL_TRACES_SAMPLER_ARG: \"2\" is not a number from 0 to 1"]);
    }
}
