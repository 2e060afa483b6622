//! Fixture: a program that requires credentials, and credentials of all kinds for it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use secrecy::ExposeSecret;
use tempfile::TempDir;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;
use usher::auth::token::Token;
use usher::ids::TokenId;
use usher::proto::v1::token_service_client::TokenServiceClient;
use usher::proto::v1::{self, Role};

use crate::fuzz::corpus;
use crate::support::pki::Pki;
use crate::support::program::{Data, Program};

/// A folder with the program's files.
pub struct Fixture {
    folder: TempDir,
    pub admin: String,
}

/// An interceptor that adds a token to each call.
#[derive(Clone)]
pub struct Bearer(pub MetadataValue<Ascii>);

impl tonic::service::Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

pub type AuthenticatedChannel = InterceptedService<Channel, Bearer>;

impl Fixture {
    pub fn new() -> Self {
        let admin = Token::new(TokenId(1), &[9; 32]).text().expose_secret().to_owned();
        Self { folder: TempDir::new().expect("a folder"), admin }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of this text into the folder. Returns its path as text, as an option needs it.
    pub fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).expect("a file");
        text_of(&self.path(name))
    }

    pub fn pki(&self) -> Pki {
        Pki::new(&self.path("pki"))
    }

    /// Starts a program that accepts the administrator's token, with more options.
    pub fn start(&self, more: &[&str]) -> Program {
        let data = self.path("data");
        Program::launch(&Data::Folder(&data), more, &[("USHER_ADMIN_TOKEN", &self.admin)])
            .unwrap_or_else(|ended| panic!("the program did not start: {ended:?}"))
    }
}

pub fn text_of(path: &Path) -> String {
    path.to_str().expect("a plain path").to_owned()
}

pub fn bearer(token: &str) -> Bearer {
    let mut value: MetadataValue<Ascii> = format!("Bearer {token}").parse().expect("visible characters");
    value.set_sensitive(true);
    Bearer(value)
}

pub fn line(channel: &Channel, token: &str) -> AuthenticatedChannel {
    InterceptedService::new(channel.clone(), bearer(token))
}

/// Returns a channel to a program that speaks TLS.
pub fn secure(program: &Program, tls: ClientTlsConfig) -> Channel {
    secure_at(program.api.port(), tls)
}

pub fn secure_at(port: u16, tls: ClientTlsConfig) -> Channel {
    let endpoint = Endpoint::from_shared(format!("https://localhost:{port}")).expect("an address");
    endpoint.tls_config(tls).expect("TLS").connect_lazy()
}

/// Creates a token with these roles for these tenants; without tenants, for all. Returns its id and its secret.
pub async fn token(channel: &Channel, admin: &str, name: &str, roles: &[Role], tenants: &[&str]) -> (String, String) {
    let request = v1::CreateTokenRequest {
        name: name.into(),
        roles: roles.iter().map(|role| i32::from(*role)).collect(),
        tenant_ids: tenants.iter().map(|id| (*id).to_owned()).collect(),
        all_tenants: tenants.is_empty(),
        ..Default::default()
    };
    let answer = TokenServiceClient::new(line(channel, admin)).create_token(request).await.expect("a token");
    let answer = answer.into_inner();
    (answer.token.expect("what it is").token_id, answer.secret)
}

pub const EVERY_ROLE: [Role; 4] = [Role::Application, Role::Viewer, Role::Manager, Role::Operator];

/// Returns a valid message for each of Usher's methods: the seeds of the fuzzing. They are about the tenant `acme`.
pub fn messages() -> BTreeMap<String, Bytes> {
    let seeds = corpus("requests").into_iter().filter_map(|(file, bytes)| {
        // Names of further seeds have more parts; one plain seed of each method is enough.
        let plain = file.file_name()?.to_str()?.matches('-').count() == 2;
        let at = bytes.iter().position(|byte| *byte == b'\n')?;
        plain.then(|| (String::from_utf8_lossy(&bytes[..at]).into_owned(), Bytes::copy_from_slice(&bytes[at + 1..])))
    });
    seeds.collect()
}

/// Returns the code and the reason of an error.
pub fn shape(status: &Status) -> (Code, String) {
    (status.code(), status.get_details_error_info().map(|info| info.reason).unwrap_or_default())
}
