//! The Kubernetes manifests: built by kustomize like `kubectl apply -k`, and checked against Kubernetes' own schemas,
//! against its pod security standard, and against Usher's behavior.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::{path, read, run, script, texts};
use crate::clients::{repository, tools};

const OVERLAYS: [(&str, &str); 2] = [("embedded", "StatefulSet"), ("postgresql", "Deployment")];

fn kustomize(folder: &Path) -> String {
    run(Command::new(tools().join("kubectl")).arg("kustomize").arg(folder))
}

/// Returns every object of an overlay. The script checks each of them.
fn objects(overlay: &str) -> Vec<Value> {
    let built = kustomize(&path("kubernetes").join(overlay));
    script("kubernetes.py", &built).as_array().expect("a list").clone()
}

fn of_kind<'a>(objects: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| object["kind"] == kind)
}

fn one<'a>(objects: &'a [Value], kind: &'a str) -> &'a Value {
    let mut found = of_kind(objects, kind);
    let one = found.next().unwrap_or_else(|| panic!("no {kind}"));
    assert!(found.next().is_none(), "several of {kind}");
    one
}

#[test]
fn each_pod_has_time_to_drain() {
    for (overlay, kind) in OVERLAYS {
        let objects = objects(overlay);
        let workload = &one(&objects, kind)["spec"];
        assert_eq!(one(&objects, "ConfigMap")["data"]["USHER_AUTHENTICATE"], "true");
        let settings = &one(&objects, "ConfigMap")["data"];
        let drain = humantime::parse_duration(settings["USHER_DRAIN_TIMEOUT"].as_str().unwrap()).unwrap();
        let pod = &workload["template"]["spec"];
        let grace = Duration::from_secs(pod["terminationGracePeriodSeconds"].as_u64().unwrap());
        let pause = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64().unwrap_or_default();
        let least = Duration::from_secs(pause) + drain + Duration::from_secs(10);
        assert!(grace >= least, "{overlay}: killed in the middle of its drain");
        let image = pod["containers"][0]["image"].as_str().unwrap();
        assert_eq!(image, concat!("usher:", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn the_embedded_store_has_one_pod_and_a_database_three_nodes() {
    assert_eq!(one(&objects("embedded"), "StatefulSet")["spec"]["replicas"], 1);
    let objects = objects("postgresql");
    let workload = &one(&objects, "Deployment")["spec"];
    assert_eq!(workload["replicas"], 3);
    let update = &workload["strategy"];
    assert_eq!(update["type"], "RollingUpdate");
    assert_eq!(update["rollingUpdate"]["maxUnavailable"], 0, "the next one serves before one ends");
    assert_eq!(one(&objects, "PodDisruptionBudget")["spec"]["maxUnavailable"], 1);
    let pod = &workload["template"];
    let spread = pod["spec"]["topologySpreadConstraints"].as_array().unwrap();
    let over: Vec<_> = spread.iter().map(|one| one["topologyKey"].as_str().unwrap()).collect();
    assert_eq!(over, ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]);
    for constraint in spread {
        let wanted = constraint["labelSelector"]["matchLabels"].as_object().unwrap();
        let labels = &pod["metadata"]["labels"];
        assert!(!wanted.is_empty() && wanted.iter().all(|(name, value)| labels.get(name) == Some(value)), "{wanted:?}");
    }
}

/// The nodes reach each other at the pods' own addresses, and nobody else reaches that port.
#[test]
fn nodes_reach_each_other() {
    let objects = objects("postgresql");
    let container = &one(&objects, "Deployment")["spec"]["template"]["spec"]["containers"][0];
    let port = container["ports"].as_array().unwrap().iter().find(|port| port["name"] == "peers").expect("peers");
    let port = &port["containerPort"];
    let environment = container["env"].as_array().unwrap();
    let variable = |name: &str| environment.iter().find(|one| one["name"] == name).expect(name);
    assert_eq!(variable("POD_IP")["valueFrom"]["fieldRef"]["fieldPath"], "status.podIP");
    assert_eq!(variable("USHER_PEER_ADVERTISE")["value"], format!("$(POD_IP):{port}"));
    // By default peers are listened to at the port after the API's, which is the image's.
    let dockerfile = read("Dockerfile");
    let api = dockerfile.split("USHER_LISTEN=0.0.0.0:").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
    assert_eq!(port.as_u64(), api.parse().ok().map(|api: u64| api + 1));

    let labels = &one(&objects, "Deployment")["spec"]["template"]["metadata"]["labels"];
    let policy = &one(&objects, "NetworkPolicy")["spec"];
    for (way, end, ports) in [("ingress", "from", "peers".into()), ("egress", "to", port.clone())] {
        let rules = policy[way].as_array().unwrap();
        let rule: Vec<_> = rules.iter().filter(|rule| rule["ports"][0]["port"] == ports).collect();
        assert_eq!(rule.len(), 1, "{way}");
        let pods = rule[0][end][0]["podSelector"]["matchLabels"].as_object().expect("some pods only");
        assert!(!pods.is_empty() && pods.iter().all(|(name, value)| labels.get(name) == Some(value)), "{way}");
    }
    for service in of_kind(&objects, "Service") {
        assert!(!service["spec"]["ports"].to_string().contains("peers"), "{service}");
    }
}

#[test]
fn what_refers_to_something_finds_it() {
    for (overlay, kind) in OVERLAYS {
        let objects = objects(overlay);
        let template = &one(&objects, kind)["spec"]["template"];
        let labels = template["metadata"]["labels"].as_object().unwrap();
        let selectors = of_kind(&objects, "Service").map(|service| &service["spec"]["selector"]).chain([
            &one(&objects, kind)["spec"]["selector"]["matchLabels"],
            &one(&objects, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
            &one(&objects, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        ]);
        for selector in selectors {
            let selector = selector.as_object().unwrap_or_else(|| panic!("{overlay}: selects everything"));
            assert!(selector.iter().all(|(name, value)| labels.get(name) == Some(value)), "{overlay}: {selector:?}");
        }

        let container = &template["spec"]["containers"][0];
        let ports: Vec<_> = container["ports"].as_array().unwrap().iter().map(|port| &port["name"]).collect();
        for service in of_kind(&objects, "Service") {
            for port in service["spec"]["ports"].as_array().unwrap() {
                assert!(ports.contains(&&port["targetPort"]), "{overlay}: {port}");
            }
        }
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
            assert_eq!(
                container[probe]["httpGet"]["port"], "operations",
                "{overlay}: with TLS, the other is not asked"
            );
        }
        // Files that variables name are in mounted volumes.
        let mounts: Vec<_> =
            container["volumeMounts"].as_array().unwrap().iter().map(|it| it["mountPath"].as_str().unwrap()).collect();
        for (name, value) in one(&objects, "ConfigMap")["data"].as_object().unwrap() {
            let value = value.as_str().unwrap();
            let mounted = mounts.iter().any(|mount| value.starts_with(mount));
            assert!(!value.starts_with('/') || mounted, "{overlay}: {name}={value} is in no volume");
        }
    }
}

#[test]
fn the_embedded_store_is_on_a_volume_and_postgresql_is_let_through() {
    let embedded = objects("embedded");
    let workload = &one(&embedded, "StatefulSet")["spec"];
    let mounts = workload["template"]["spec"]["containers"][0]["volumeMounts"].as_array().unwrap();
    let data = mounts.iter().find(|mount| mount["mountPath"] == "/var/lib/usher").expect("where the image keeps data");
    assert_eq!(data["name"], workload["volumeClaimTemplates"][0]["metadata"]["name"]);

    let postgresql = objects("postgresql");
    let settings = &one(&postgresql, "ConfigMap")["data"];
    assert_eq!(settings["USHER_DATABASE_URL_FILE"], "/etc/usher/secrets/database-url");
    // A lock file in this folder tells a container that the previous one has ended.
    let pod = &one(&postgresql, "Deployment")["spec"]["template"]["spec"];
    let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap();
    let state = mounts.iter().find(|mount| mount["mountPath"] == settings["USHER_STATE_DIR"]).expect("a volume");
    assert!(
        pod["volumes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["name"] == state["name"] && one["emptyDir"].is_object())
    );
    let let_out = |objects: &[Value]| one(objects, "NetworkPolicy")["spec"]["egress"].to_string().contains("5432");
    assert!(let_out(&postgresql) && !let_out(&embedded));
    for (overlay, _) in OVERLAYS {
        assert!(texts(&one(&objects(overlay), "NetworkPolicy")["spec"]["policyTypes"]).contains(&"Egress"));
    }
}

/// Shows that the monitoring component works when its line is uncommented, and has the same alerts.
#[test]
fn monitoring_scrapes_the_service_and_has_the_same_alerts() {
    let folder = tempfile::tempdir().unwrap();
    run(Command::new("cp").arg("-r").arg(path("kubernetes")).arg(folder.path()));
    let overlay = folder.path().join("kubernetes/embedded");
    let file = overlay.join("kustomization.yaml");
    let with = fs::read_to_string(&file).unwrap().replace("  # - ../monitoring\n", "  - ../monitoring\n");
    fs::write(&file, with).unwrap();
    let objects = script("kubernetes.py", &kustomize(&overlay)).as_array().unwrap().clone();

    let monitor = &one(&objects, "ServiceMonitor")["spec"];
    let wanted = monitor["selector"]["matchLabels"].as_object().unwrap();
    let fits =
        |service: &&Value| wanted.iter().all(|(name, value)| service["metadata"]["labels"].get(name) == Some(value));
    let scraped: Vec<_> = of_kind(&objects, "Service").filter(fits).collect();
    assert_eq!(scraped.len(), 1, "{wanted:?}");
    assert_eq!(scraped[0]["spec"]["ports"][0]["name"], monitor["endpoints"][0]["port"]);
    let job = monitor["jobLabel"].as_str().unwrap();
    assert_eq!(scraped[0]["metadata"]["labels"][job], "usher", "the alerts look for this job");

    let rules = script("yaml_to_json.py", &read("prometheus/usher.rules.yml"));
    assert_eq!(one(&objects, "PrometheusRule")["spec"], rules);
}

#[test]
fn the_alerts_of_the_operator_are_made_from_those_of_prometheus() {
    let made = run(&mut Command::new(repository().join("scripts/alerts.sh")));
    let file = "kubernetes/monitoring/prometheusrule.yaml";
    assert!(made == read(file), "run: scripts/alerts.sh >deploy/{file}");
}
