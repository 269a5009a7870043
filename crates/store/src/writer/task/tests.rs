use super::*;
use crate::kept_values;

#[tokio::test]
async fn a_connection_that_was_given_up_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = connect::database_file(dir.path()).unwrap();
    drop(connect::migrated(&path).await.unwrap());
    let (queue, waiting) = mpsc::channel(4);
    let (ticker, _changes) = watch::channel(0);
    let (sender, answer) = oneshot::channel();
    let run: Run = Box::new(|conn| {
        Box::pin(async move {
            let result = match conn {
                Ok(conn) => kept_values::set(conn, "name", b"value").await,
                Err(error) => Err(error),
            };
            Ran::new(result, sender)
        })
    });
    assert!(queue.send(Message::Write(Queued { run, ticks: true })).await.is_ok());
    drop(queue);
    Task { conn: None, path, waiting, ticker }.run().await;
    answer.await.unwrap().unwrap();
}
