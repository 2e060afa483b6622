//! `usher seats`

use super::Console;

#[test]
fn seats_are_granted_as_long_as_there_are_any() {
    let console = Console::open();
    console.says("seats recall --pool crm root@demo.example bob@demo.example");
    let (output, errors) = console
        .half_says("seats grant --pool crm --pool primary cid@demo.example 'a b' new@demo.example gus@demo.example");
    assert_eq!(
        output,
        "pool     user              result\n\
         crm      cid@demo.example  granted\n\
         crm      a b               user_id must not contain white space. (INVALID_REQUEST)\n\
         crm      new@demo.example  granted\n\
         crm      gus@demo.example  All seats of \"crm\" are assigned (3 of 3). Contact your administrator. (SEATS_EXHAUSTED)\n\
         primary  cid@demo.example  granted\n\
         primary  a b               user_id must not contain white space. (INVALID_REQUEST)\n\
         primary  new@demo.example  granted\n\
         primary  gus@demo.example  granted\n\
         \n\
         5 of 8 granted\n\
         crm: 3 of 3 in use\n\
         primary: 0 of 5 in use\n"
    );
    assert_eq!(errors, "usher: 3 of 8 not granted\n");
    let (output, _) = console.half_says("seats grant --pool crm gus@demo.example 'a b' --json");
    let output = crate::license::workspace::json(&output);
    assert_eq!(output["results"][0]["denial"]["reason"], "DENIAL_REASON_SEATS_EXHAUSTED");
    assert_eq!(output["results"][1]["error"]["reason"], "INVALID_REQUEST");
    assert_eq!((&output["usage"][0]["pool_id"], &output["usage"][0]["in_use"]), (&"crm".into(), &"3".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seats_are_recalled_whole_or_in_part() {
    let console = Console::open();
    assert_eq!(
        console.says("seats recall --pool primary --organization north ann@demo.example"),
        "pool     user              result\n\
         primary  ann@demo.example  left: primary at south\n\
         \n\
         1 of 1 recalled\n\
         primary: 0 of 5 in use\n"
    );
    let (output, errors) = console.half_says("seats recall --pool primary ghost cid@demo.example");
    assert!(
        output.contains("primary  ghost             There is no user \"ghost\". (RESOURCE_NOT_FOUND)\n"),
        "{output}"
    );
    assert!(output.contains("primary  cid@demo.example  recalled\n"), "{output}");
    assert_eq!(errors, "usher: 1 of 2 not recalled\n");
    let again = console.says("seats recall --pool primary cid@demo.example eve@demo.example");
    assert_eq!(
        again,
        "pool     user              result\n\
         primary  cid@demo.example  not held\n\
         primary  eve@demo.example  recalled\n\
         \n\
         1 of 2 recalled\n\
         primary: 0 of 5 in use\n"
    );
    let nothing = console.says("seats recall --pool primary --organization north ann@demo.example");
    assert!(nothing.contains("nothing taken, left: primary at south\n\n0 of 1 recalled\n"), "{nothing}");
    // A revocation leaves sessions live, unless their end is requested (R6).
    console.sign_in("dee", "laptop").await;
    console.says("seats recall --pool primary dee@demo.example");
    assert!(console.says("sessions list").contains("dee@demo.example"));
    console.says("seats grant --pool primary --organization north dee@demo.example");
    console.says("seats recall --pool primary --end-sessions dee@demo.example");
    assert_eq!(console.says("sessions list"), "no sessions\n");
}

#[test]
fn whoever_asks_wrongly_is_told_before_anything_is_done() {
    let console = Console::open();
    for words in ["seats grant ann@demo.example", "seats grant --pool crm", "seats recall --pool crm", "seats"] {
        assert_eq!(console.run(words).code, Some(2), "{words}");
    }
    assert!(console.refuses("seats grant --pool '' ann@demo.example", 1).starts_with("pool_ids[0] must not be empty"));
    assert!(console.half_says("seats grant --pool crm ann --tenant ghost").0.contains("(TENANT_NOT_FOUND)"));
    assert!(console.half_says("seats recall --pool crm ann --tenant ghost").0.contains("There is no tenant"));
}
