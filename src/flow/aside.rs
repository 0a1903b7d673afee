//! Reading that takes long, on a thread beside the runtime: the runtime looks at its timers only while it waits, so
//! without that whoever attaches enough megabytes of JSON would decide when a command ends.

use tokio::sync::Semaphore;

/// How many are read at once, all over the program: what is read takes several times its size in memory.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// Does `work` beside the runtime. Whoever stops waiting for it leaves it to end by itself, and it counts among those at
/// once until then.
///
/// # Errors
/// It did not come to an end; and why.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    let place = AT_ONCE.acquire().await.map_err(|error| error.to_string())?;
    let done = tokio::task::spawn_blocking(move || {
        let _place = place;
        work()
    });
    done.await.map_err(|error| format!("reading it did not end: {error}"))
}
