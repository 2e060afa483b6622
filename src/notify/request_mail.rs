//! A license request (R32) as an email to the vendor: a summary in words, and the document as an attachment.

use lettre::Message as Email;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use ring::digest::{SHA256, digest};

use super::address::address;
use super::message::{line, moment, system_time};
use crate::license::Request;

/// Content of the email.
#[derive(Debug)]
pub struct RequestMail<'a> {
    /// The vendor's address.
    pub to: &'a str,
    /// Address for the vendor's answer; empty: the sender.
    pub reply_to: &'a str,
    /// Display name of the tenant; may be empty.
    pub display_name: &'a str,
    /// The caller of the service that sends the request.
    pub requested_by: &'a str,
    pub request: &'a Request,
    /// The request as a document, and its file name.
    pub document: &'a str,
    pub file_name: &'a str,
}

impl RequestMail<'_> {
    /// Unlike a notification it is not marked as sent by a machine: a person requested it, and ticket systems of
    /// vendors ignore mail from machines.
    ///
    /// # Errors
    /// An address is invalid.
    pub(super) fn email(&self, from: &Mailbox) -> Result<Email, String> {
        let mut builder = Email::builder()
            .from(from.clone())
            .to(Mailbox::new(None, address(self.to)?))
            .date(system_time(self.request.created))
            .message_id(Some(format!("<{}@{}>", self.id(), from.email.domain())))
            .subject(self.subject());
        if !self.reply_to.is_empty() {
            builder = builder.reply_to(Mailbox::new(None, address(self.reply_to)?));
        }
        let file = Attachment::new(self.file_name.to_owned());
        let file = file.body(self.document.to_owned(), ContentType::parse("application/json").expect("a media type"));
        let parts = MultiPart::mixed().singlepart(SinglePart::plain(self.text())).singlepart(file);
        builder.multipart(parts).map_err(|error| error.to_string())
    }

    /// Message id: the same for the same request on the same day, so that the vendor's mail system detects a
    /// repetition; another one on the next day, so that a reminder is not mistaken for a repetition.
    fn id(&self) -> String {
        const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
        let Request { tenant, customer_id, instance, target_version, seats, moves, created, .. } = self.request;
        let day = created.0.div_euclid(DAY_MS);
        let what = format!("{tenant}\n{customer_id:?}\n{instance}\n{day}\n{target_version:?}\n{seats:?}\n{moves:?}");
        let hash = digest(&SHA256, what.as_bytes());
        hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    fn subject(&self) -> String {
        line(&format!("[{}] license request: {}", self.request.tenant, self.summary()))
    }

    /// A summary on one line: the first few changes.
    #[must_use]
    pub fn summary(&self) -> String {
        const MAX_NAMED: usize = 5;
        let changes = self.changes();
        match changes.len() {
            0..=MAX_NAMED => changes.join(", "),
            many => format!("{} and {} more", changes[..MAX_NAMED].join(", "), many - MAX_NAMED),
        }
    }

    /// The requested changes, one line each.
    fn changes(&self) -> Vec<String> {
        let Request { seats, moves, target_version, .. } = self.request;
        let count = |seats: u64| if seats == 1 { "1 seat".to_owned() } else { format!("{seats} seats") };
        let wanted = seats.iter().map(|wanted| format!("{} more for {}", count(wanted.seats), wanted.pool));
        let moved = moves.iter().map(|moved| format!("{} from {} to {}", count(moved.seats), moved.from, moved.to));
        let update = target_version.iter().map(|version| format!("an update to {version}"));
        let all: Vec<String> = wanted.chain(moved).chain(update).map(|change| line(&change)).collect();
        if all.is_empty() { vec!["a renewal".to_owned()] } else { all }
    }

    fn text(&self) -> String {
        let Request { tenant, customer_id, instance, running_version, created, .. } = self.request;
        let changes: String = self.changes().iter().map(|change| format!("- {change}\n")).collect();
        let name = |name: &str| if name.is_empty() { String::new() } else { format!(" ({})", line(name)) };
        let customer = customer_id.as_deref().map_or("not known yet".to_owned(), line);
        let answers = match self.reply_to {
            "" => "There is no address for answers: the tenant has no responsible person.".to_owned(),
            person => format!("Answers go to {}.", line(person)),
        };
        format!(
            "A license request:\n\n{changes}\nThe file {} is the whole of it, with the licenses that are installed and what is\n\
             used. It makes the license: usher license issue --request {}\n\nTenant:       {}{}\nCustomer:     {customer}\n\
             Installation: {instance}\nVersion:      {}\nTime:         {}\nAsked by:     {}\n\n{answers}\n",
            self.file_name,
            self.file_name,
            line(tenant.as_str()),
            name(self.display_name),
            line(running_version),
            moment(*created),
            line(self.requested_by),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{PoolId, TenantId};
    use crate::ledger::time::WallTime;
    use crate::license::{Move, SeatsWanted};

    fn request() -> Request {
        let pool = |id: &str| PoolId::stored(id);
        Request {
            tenant: TenantId::stored("acme"),
            customer_id: Some("C-1".into()),
            instance: uuid::Uuid::nil(),
            hosts: Vec::new(),
            running_version: "0.1.0".into(),
            target_version: Some("2.0".into()),
            created: WallTime(1_795_312_800_000),
            pools: Vec::new(),
            licenses: Vec::new(),
            seats: vec![SeatsWanted { pool: pool("primary"), seats: 20 }],
            moves: vec![Move { from: pool("crm"), to: pool("primary"), seats: 1 }],
        }
    }

    fn mail(request: &Request) -> RequestMail<'_> {
        RequestMail {
            to: "licenses@vendor.example",
            reply_to: "boss@acme.example",
            display_name: "Acme Søn",
            requested_by: "root",
            request,
            document: "{}\n",
            file_name: "acme.tlr",
        }
    }

    fn sent(mail: &RequestMail) -> Result<String, String> {
        let from = Mailbox::new(Some("Usher".into()), "usher@licenses.example".parse().unwrap());
        mail.email(&from).map(|email| String::from_utf8(email.formatted()).unwrap())
    }

    #[test]
    fn r32_a_request_reads_well() {
        let request = request();
        let mail = mail(&request);
        assert_eq!(
            mail.subject(),
            "[acme] license request: 20 seats more for primary, 1 seat from crm to primary, an update to 2.0"
        );
        let expected = "\
A license request:

- 20 seats more for primary
- 1 seat from crm to primary
- an update to 2.0

The file acme.tlr is the whole of it, with the licenses that are installed and what is
used. It makes the license: usher license issue --request acme.tlr

Tenant:       acme (Acme Søn)
Customer:     C-1
Installation: 00000000-0000-0000-0000-000000000000
Version:      0.1.0
Time:         2026-11-22 02:00:00 UTC
Asked by:     root

Answers go to boss@acme.example.
";
        assert_eq!(mail.text(), expected);
        let renewal = Request { seats: Vec::new(), moves: Vec::new(), target_version: None, ..request.clone() };
        assert_eq!(super::tests::mail(&renewal).subject(), "[acme] license request: a renewal");
    }

    #[test]
    fn r32_a_repetition_on_the_same_day_is_known_by_its_id() {
        let id = |request: &Request| mail(request).id();
        let first = request();
        let later = Request { created: WallTime(first.created.0 + 60_000), ..first.clone() };
        let next_day = Request { created: WallTime(first.created.0 + 24 * 60 * 60 * 1_000), ..first.clone() };
        let more = Request { moves: Vec::new(), ..first.clone() };
        let nobody = Request { customer_id: None, ..first.clone() };
        assert_eq!(id(&first), id(&later));
        assert!([next_day, more, nobody].iter().all(|other| id(other) != id(&first)));
        assert!(sent(&mail(&first)).unwrap().contains(&format!("Message-ID: <{}@licenses.example>\r\n", id(&first))));
    }

    #[test]
    fn nothing_that_a_tenant_is_called_makes_a_header() {
        let mut request = request();
        request.tenant = TenantId::stored("a\r\nBcc: everybody@acme.example");
        let mut odd = mail(&request);
        odd.requested_by = "root\r\nBcc: all@acme.example";
        let text = sent(&odd).unwrap();
        let (headers, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(headers.contains("Subject: ") && !headers.contains("\r\nBcc"), "{headers}");
        odd.to = "licenses@vendor.example>\r\nBcc: <all@acme.example";
        assert!(sent(&odd).unwrap_err().contains("is not an email address"));
    }

    #[test]
    fn the_file_is_attached_and_answers_go_to_the_responsible_person() {
        let request = request();
        let text = sent(&mail(&request)).unwrap();
        for line in [
            "To: licenses@vendor.example\r\n",
            "Reply-To: boss@acme.example\r\n",
            "Content-Disposition: attachment; filename=\"acme.tlr\"\r\n",
            "Content-Type: application/json\r\n",
        ] {
            assert!(text.contains(line), "no {line} in\n{text}");
        }
        assert!(!text.contains("Auto-Submitted"), "{text}");
        let mut nobody = mail(&request);
        nobody.reply_to = "";
        assert!(!sent(&nobody).unwrap().contains("Reply-To"));
    }
}
