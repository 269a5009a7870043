//! RabbitMQ: its administrator set at each start, and all else kept.

use operator::Claim;
use operator::rabbit::{Permissions, RabbitError, Server, Wanted, ensure, stable_hash};
use operator::rabbit_vhost::build::{ADMIN, PLUGINS, START, definitions, settings};
use operator::rabbit_vhost::crd::LocalBroker;
use rustix::process::Signal;
use secrets::Secret;
use tempfile::TempDir;
use testkit::served::free_port;

use super::program::{Program, folder, write};

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

struct Pod {
    folder: TempDir,
    /// Of AMQP, of the management API, and two of Erlang's.
    ports: [u16; 4],
}

impl Pod {
    fn new() -> Self {
        let (folder, ports): (TempDir, [u16; 4]) = (folder(), std::array::from_fn(|_| free_port().unwrap()));
        let [amqp, management, ..] = ports;
        let settings = settings(&LocalBroker::default(), folder.path().to_str().unwrap());
        let settings = settings.replace("= 5672", &format!("= {amqp}")).replace("= 15672", &format!("= {management}"));
        for (name, text) in [("start", START), ("rabbitmq.conf", &settings), ("enabled_plugins", PLUGINS)] {
            write(&folder.path().join(name), text);
        }
        Self { folder, ports }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Starts it with this password of the administrator; what Erlang's own daemon does comes first, so that it ends with the test.
    fn start(&self, password: &str) -> (Program, Program) {
        let [_, _, names, distribution] = self.ports.map(|port| port.to_string());
        write(self.path("definitions.json").as_ref(), &definitions(&stable_hash(&secret(password))));
        let erlang = [("ERL_EPMD_PORT", names.as_str()), ("ERL_EPMD_ADDRESS", "127.0.0.1")];
        let daemon = Program::start("epmd", &[], &erlang);
        let (home, settings, data) = (self.path("run"), self.path(""), self.path("data"));
        let more = [
            ("HOME", home.as_str()),
            ("PINNACE_SETTINGS", &settings),
            ("RABBITMQ_NODENAME", "rabbit@localhost"),
            ("RABBITMQ_MNESIA_BASE", &data),
            ("RABBITMQ_DIST_PORT", &distribution),
        ];
        let mut broker = Program::start("sh", &[&self.path("start")], &[&erlang[..], &more].concat());
        broker.until("Server startup complete");
        (daemon, broker)
    }

    async fn ensured(&self, username: &str, password: &str) -> Result<usize, RabbitError> {
        let server =
            Server::new(&format!("http://127.0.0.1:{}", self.ports[1]), username, secret(password), None).unwrap();
        let wanted = Wanted {
            vhost: "shop".parse().unwrap(),
            username: "shop".parse().unwrap(),
            permissions: Permissions::default(),
            policies: [].into(),
            claim: Claim::of("cluster-1", "shop", "shop"),
        };
        Ok(ensure(&server, &wanted, &secret("shop")).await?.did.len())
    }
}

#[tokio::test]
async fn a_broker_is_made_ended_in_order_and_started_again_with_another_password_and_all_that_it_had() {
    let pod = Pod::new();
    let (daemon, mut broker) = pod.start("first");
    assert_eq!(pod.ensured(ADMIN, "first").await.unwrap(), 3);
    assert!(matches!(pod.ensured("guest", "guest").await, Err(RabbitError::Login { .. })), "nobody else is there");
    broker.tell(Signal::TERM);
    let (status, said) = broker.end();
    assert!(status.success(), "{status} {said}");
    drop(daemon);

    let (_daemon, _broker) = pod.start("second");
    assert!(matches!(pod.ensured(ADMIN, "first").await, Err(RabbitError::Login { .. })));
    assert_eq!(pod.ensured(ADMIN, "second").await.unwrap(), 0, "all is there still");
}
