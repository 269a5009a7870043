//! What helps an operator that runs outside of the cluster, where names of Services mean nothing.

/// How every system says it.
const NO_SUCH_NAME: &str = "failed to lookup address information";

/// What to do where it is the name of a Service that can't be looked up; else nothing. The server is `host:port`, or an address with them.
pub(crate) fn hint(server: &str, why: &str) -> String {
    let server = server.split_once("://").map_or(server, |(_, server)| server);
    let host = server.split(':').next().unwrap_or_default();
    let is_of_service = host.split('.').any(|label| label == "svc");
    if !is_of_service || !why.contains(NO_SUCH_NAME) {
        return String::new();
    }
    format!(
        "; the names of Services are known in the cluster alone: run the operator there, or say where this one is reached from here, as in --reach \
         {server}=127.0.0.1:15432"
    )
}

#[cfg(test)]
mod tests {
    use crate::postgres::PostgresError;
    use crate::rabbit::RabbitError;

    use super::*;

    const WHY: &str = "failed to lookup address information: Name or service not known";

    #[test]
    fn where_the_name_of_a_service_means_nothing_it_is_said_how_it_can_be_reached() {
        let server = "shop-postgres.shop.svc:5432".to_owned();
        let told = PostgresError::Unreachable { server, why: WHY.to_owned() }.to_string();
        assert!(told.ends_with("as in --reach shop-postgres.shop.svc:5432=127.0.0.1:15432"), "{told}");
        let server = "http://shop-rabbit.shop.svc:15672".to_owned();
        let told = RabbitError::Unreachable { server, why: WHY.to_owned() }.to_string();
        assert!(told.ends_with("--reach shop-rabbit.shop.svc:15672=127.0.0.1:15432"), "{told}");
    }

    #[test]
    fn nothing_is_said_of_other_names_and_other_reasons() {
        assert_eq!(hint("db.example.org:5432", WHY), "");
        assert_eq!(hint("shop-postgres.shop.svc:5432", "Connection refused"), "");
    }
}
