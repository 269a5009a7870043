//! `pinnace retry`: again.

use std::process::ExitCode;

use model::InstanceId;
use serde_json::json;

use super::on_instance;
use super::on_pin;
use crate::remote::{Remote, Wait};

/// Try again now what a pin waits for, or what people pushed to an instance and failed
///
/// A pin that is over is opened anew, with the same build.
///
/// Examples:
///   pinnace retry 117
///   pinnace retry shop/prod
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Retry {
    /// A pin's number, or an instance
    #[arg(value_name = "PIN|INSTANCE", value_parser = parse)]
    what: What,
    #[command(flatten)]
    wait: Wait,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Pin(u64),
    Instance(InstanceId),
}

fn parse(text: &str) -> Result<What, String> {
    if text.contains('/') {
        return text.parse().map(What::Instance).map_err(|error: model::InvalidName| error.to_string());
    }
    on_pin::number(text).map(What::Pin)
}

/// Tries.
pub(crate) fn run(args: &Retry) -> anyhow::Result<ExitCode> {
    args.remote.run(async |client| match &args.what {
        What::Pin(pin) => on_pin::post(&args.remote, &args.wait, &client, (*pin, "retry"), json!({}), &["done"]).await,
        What::Instance(id) => {
            on_instance::post(&args.remote, &client, id, "retry", "").await.map(|_| ExitCode::SUCCESS)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_or_an_instance_is_tried_again() {
        assert_eq!(parse("#117"), Ok(What::Pin(117)));
        assert_eq!(parse("shop/prod"), Ok(What::Instance("shop/prod".parse().unwrap())));
        assert!(parse("shop").is_err() && parse("Shop/prod/x/y").is_err());
    }
}
