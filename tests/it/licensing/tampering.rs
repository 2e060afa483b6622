//! Every single flipped bit of a license is refused by the service.

use usher::license::Terms;

use super::{Backend, Fixture};

#[tokio::test]
async fn no_license_with_one_bit_flipped_is_installed() {
    let fixture = Fixture::open(Backend::sqlite()).await;
    let terms = Terms { features: ["CRM_ALLOWED".into()].into(), ..fixture.terms("primary=5 crm!=3") };
    let document = fixture.issued(&terms);
    let mut tried = 0;
    for at in 0..document.len() {
        for bit in 0..8 {
            let mut bytes = document.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            // Bytes that are no UTF-8 cannot be sent as a protobuf string.
            let Ok(altered) = String::from_utf8(bytes) else { continue };
            let reason = fixture.refused(&altered).await;
            assert!(reason.starts_with("LICENSE_") || reason == "INVALID_REQUEST", "byte {at} bit {bit}: {reason}");
            tried += 1;
        }
    }
    assert!(tried >= document.len() * 6, "{tried}");
    assert_eq!(fixture.list().await, []);
    assert!(fixture.install(&document).await.unwrap().changed);
}
