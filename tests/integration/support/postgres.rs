//! A real PostgreSQL server for tests, in a temporary folder, reached by a socket only; never leaves a process behind.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;

/// A server that stops when this value goes away, or when the thread that started it ends, however it ends.
pub(crate) struct PostgresServer {
    bin: PathBuf,
    folder: TempDir,
    child: Child,
}

impl PostgresServer {
    /// Makes a cluster and starts a server on it.
    ///
    /// # Panics
    /// If PostgreSQL is not installed or does not start. Call it from the thread of the test.
    pub(crate) async fn start() -> Self {
        let bin = installed();
        // In memory the server's many files cost no time; its settings stay those of a real one.
        let parent =
            ["/dev/shm", "/tmp"].into_iter().find(|path| Path::new(path).is_dir()).unwrap();
        let folder = tempfile::Builder::new().prefix("sealane-pg").tempdir_in(parent).unwrap();
        let owner = if is_root() { Some(postgres_user()) } else { None };
        if let Some((uid, gid)) = owner {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let data = folder.path().join("data");
        let made = as_owner(&bin.join("initdb"))
            .args(["--no-sync", "--auth=trust", "--username=sealane", "--encoding=UTF8"])
            .args(["--locale=C", "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));
        let child = as_owner(&bin.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .args(["-c", "listen_addresses=", "-c", "max_connections=200"])
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.path().join("server.log")).unwrap())
            .spawn()
            .unwrap();
        let server = Self { bin, folder, child };
        server.await_ready().await;
        server
    }

    /// Makes an empty database; gives its URL.
    pub(crate) async fn database(&self, name: &str) -> String {
        let mut admin = PgConnection::connect(&self.url("postgres")).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE \"{name}\"")))
            .execute(&mut admin)
            .await
            .unwrap();
        admin.close().await.unwrap();
        self.url(name)
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://sealane@localhost/{database}?host={}", self.folder.path().display())
    }

    async fn await_ready(&self) {
        for _ in 0..600 {
            if let Ok(connection) = PgConnection::connect(&self.url("postgres")).await {
                connection.close().await.unwrap();
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let log = std::fs::read_to_string(self.folder.path().join("server.log"));
        panic!("PostgreSQL did not start: {}", log.unwrap_or_default());
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        let stopped = as_owner(&self.bin.join("pg_ctl"))
            .args(["stop", "--mode=immediate", "--silent", "-D"])
            .arg(self.folder.path().join("data"))
            .status();
        if !stopped.is_ok_and(|status| status.success()) {
            self.child.kill().ok();
        }
        self.child.wait().ok();
    }
}

/// The folder with the programs of the newest installed version.
fn installed() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions
        .map(|version| version.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .max_by_key(|bin| version_of(bin))
        .expect(
            "PostgreSQL is not installed: run `apt-get install postgresql`, or ./test, which does",
        )
}

fn version_of(bin: &Path) -> u32 {
    let version = bin.parent().and_then(Path::file_name).unwrap().to_string_lossy();
    version.parse().unwrap_or(0)
}

/// A command that the server's owner runs, and that is interrupted when the thread that runs it ends.
fn as_owner(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        // PostgreSQL refuses to run as root.
        let (uid, gid) = postgres_user();
        command.args(["--reuid", &uid.to_string(), "--regid", &gid.to_string(), "--clear-groups"]);
    }
    command.args(["--pdeathsig", "INT"]).arg(program).current_dir("/tmp");
    command
}

fn is_root() -> bool {
    number(Command::new("id").arg("-u")) == 0
}

fn postgres_user() -> (u32, u32) {
    (
        number(Command::new("id").args(["-u", "postgres"])),
        number(Command::new("id").args(["-g", "postgres"])),
    )
}

fn number(command: &mut Command) -> u32 {
    let output = command.output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}
