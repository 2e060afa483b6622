//! The structure of the compose file; no container engine is needed.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{path, read, script, texts};

/// The nodes of Usher on one database.
const NODES: [&str; 2] = ["usher-1", "usher-2"];

fn services(compose: &Value) -> impl Iterator<Item = (&String, &Value)> {
    compose["services"].as_object().expect("services").iter()
}

#[test]
fn every_service_is_confined_and_watched() {
    let compose = script("yaml_to_json.py", &read("compose.yaml"));
    assert_eq!(services(&compose).count(), 4);
    for (name, service) in services(&compose) {
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(texts(&service["cap_drop"]), ["ALL"], "{name}");
        assert_eq!(texts(&service["security_opt"]), ["no-new-privileges:true"], "{name}");
        assert!(service.get("privileged").is_none() && service.get("cap_add").is_none(), "{name}");
        assert!(service["healthcheck"]["test"].is_array(), "{name}");
        // Usher's image sets its own user.
        assert!(
            NODES.contains(&&**name) || !["", "root", "0"].contains(&service["user"].as_str().unwrap_or_default()),
            "{name}"
        );
        for (variable, value) in service["environment"].as_object().into_iter().flatten() {
            let secret = ["PASSWORD", "TOKEN", "URL", "KEY"].iter().any(|word| variable.contains(word));
            assert!(!secret || value.as_str().is_some_and(|it| it.starts_with("/run/secrets/")), "{name}: {variable}");
        }
    }
}

#[test]
fn what_is_named_is_there() {
    let compose = script("yaml_to_json.py", &read("compose.yaml"));
    let names = |part: &str| -> BTreeSet<String> { compose[part].as_object().expect(part).keys().cloned().collect() };
    for (name, service) in services(&compose) {
        for part in ["secrets", "networks"] {
            let known = names(part);
            assert!(texts(&service[part]).iter().all(|one| known.contains(*one)), "{name}: {part}");
        }
        for volume in texts(&service["volumes"]) {
            let source = volume.split(':').next().unwrap_or_default();
            let there =
                source.strip_prefix("./").map_or_else(|| names("volumes").contains(source), |it| path(it).exists());
            assert!(there, "{name}: {volume}");
        }
    }
    // The state folder is in the image's volume, which the service's next container gets as well.
    for node in NODES {
        let state = compose["services"][node]["environment"]["USHER_STATE_DIR"].as_str().unwrap();
        assert!(read("Dockerfile").contains(&format!("VOLUME {state}\n")));
    }
    // Whoever deploys creates the secrets; none of them is in the repository.
    for (name, secret) in compose["secrets"].as_object().unwrap() {
        assert_eq!(secret["file"].as_str(), Some(&*format!("./secrets/{name}")));
        let readme = read("README.md");
        assert!(readme.contains(&format!("deploy/secrets/{name}")), "deploy/README.md does not say how to make {name}");
    }
    let ignored = std::fs::read_to_string(crate::clients::repository().join(".gitignore")).unwrap();
    assert!(ignored.lines().any(|line| line == "/deploy/secrets"));
}

#[test]
fn usher_and_prometheus_meet_where_prometheus_looks() {
    let compose = script("yaml_to_json.py", &read("compose.yaml"));
    let networks = |name: &str| -> BTreeSet<String> {
        texts(&compose["services"][name]["networks"]).into_iter().map(str::to_owned).collect()
    };
    let targets = NODES.map(|node| format!("\"{node}:9464\""));
    assert!(read("prometheus/prometheus.yml").contains(&format!("targets: [{}]", targets.join(", "))));
    assert!(networks("prometheus").contains("operations"));
    for node in NODES {
        assert!(networks(node).contains("operations"));
    }
    assert_eq!(networks("postgres"), ["database".to_owned()].into());
    for inner in ["database", "operations", "peers"] {
        assert_eq!(compose["networks"][inner]["internal"], true, "{inner}");
    }
}

/// Each node is known to the others by its service's name, and to clients by a port of its own.
#[test]
fn the_nodes_reach_each_other() {
    let compose = script("yaml_to_json.py", &read("compose.yaml"));
    let mut published = BTreeSet::new();
    for node in NODES {
        let service = &compose["services"][node];
        assert_eq!(service["environment"]["USHER_PEER_ADVERTISE"], format!("{node}:50052"));
        assert!(texts(&service["networks"]).contains(&"peers"), "{node}");
        let ports = texts(&service["ports"]);
        let [port] = ports[..] else { panic!("{node} publishes {ports:?}") };
        assert!(port.ends_with(":50051") && published.insert(port), "{node}: {port}");
    }
    let others = services(&compose).filter(|(name, _)| !NODES.contains(&&***name));
    for (name, service) in others {
        assert!(!texts(&service["networks"]).contains(&"peers"), "{name}");
    }
}
