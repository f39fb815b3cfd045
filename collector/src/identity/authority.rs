//! The collector's own certificate authority, and its change for another.
//!
//! Made at the first start, or imported: `authority.pem` and `authority.key` (0600) in the state directory. Agents pin
//! its fingerprint from their token, so no public authority and no host name is trusted.
//!
//! A change has an overlap: from its beginning the next authority (`authority-next.pem`, `authority-next.key`) signs
//! agents' certificates, and agents trust both; the collector shows a certificate of the old one until the overlap ends.
//! An agent that was away all that time has no valid certificate any more either, so nobody else is left behind.

use super::IdentityError;
use super::ca::{self, Ca};
use picket_event::AgentId;
use picket_event::wire::SERVER_NAME;
use rcgen::KeyPair;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, RootCertStore};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

/// How long a server certificate lasts; a new one is made at every start, and when a third of it is left.
const SERVER: Duration = Duration::from_secs(397 * 86_400);

/// The certificate authority and the collector's own certificate.
pub struct Authority {
    directory: PathBuf,
    names: Vec<String>,
    state: RwLock<State>,
    /// Certificates of agents that were refused, by reason.
    refused: Mutex<BTreeMap<&'static str, u64>>,
}

struct State {
    current: Ca,
    /// The next one.
    next: Option<(Ca, Span)>,
    server: Arc<CertifiedKey>,
    /// When a new server certificate is due, seconds since 1970.
    server_due: i64,
    agents: Arc<dyn ClientCertVerifier>,
}

/// An overlap, seconds since 1970.
#[derive(Clone, Copy)]
struct Span {
    began: i64,
    until: i64,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// How a change of the authority stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// SHA-256 of the next authority's certificate.
    pub fingerprint: [u8; 32],
    /// When it began to sign agents' certificates, seconds since 1970.
    pub began: i64,
    /// When it takes over, seconds since 1970.
    pub until: i64,
}

/// A corporate authority to take: its certificate and key as PEM, and where they came from.
#[derive(Clone, Debug)]
pub struct Import {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
    /// The certificate's file.
    pub path: PathBuf,
}

impl Import {
    fn check(&self) -> Result<(), IdentityError> {
        Ca::from_texts(self.certificate.clone(), &self.key)
            .map(|_| ())
            .map_err(|why| IdentityError::Import { path: self.path.clone(), why })
    }
}

struct Files {
    pem: PathBuf,
    key: PathBuf,
    next_pem: PathBuf,
    next_key: PathBuf,
    next_until: PathBuf,
}

impl Files {
    fn of(directory: &Path) -> Self {
        let at = |name: &str| directory.join(name);
        Self {
            pem: at("authority.pem"),
            key: at("authority.key"),
            next_pem: at("authority-next.pem"),
            next_key: at("authority-next.key"),
            next_until: at("authority-next.until"),
        }
    }

    /// Puts the next authority in the place of the old one. The key moves first, so that a crash between the two is
    /// seen by the certificate that was left behind, and ended by [`Self::mend`].
    fn promote(&self) -> Result<(), IdentityError> {
        for (from, to) in [(&self.next_key, &self.key), (&self.next_pem, &self.pem)] {
            std::fs::rename(from, to).map_err(|source| file("replace", to, source))?;
        }
        let _ = std::fs::remove_file(&self.next_until);
        Ok(())
    }

    fn mend(&self) -> Result<(), IdentityError> {
        if self.next_pem.exists() && !self.next_key.exists() {
            std::fs::rename(&self.next_pem, &self.pem).map_err(|source| file("replace", &self.pem, source))?;
        }
        Ok(())
    }
}

fn file(what: &'static str, path: &Path, source: std::io::Error) -> IdentityError {
    IdentityError::File { what, path: path.to_owned(), source }
}

impl Authority {
    /// Reads the authority of `directory`, or makes one, and makes a server certificate for `names` (host names and
    /// addresses that people use in browsers) besides [`SERVER_NAME`]. `now` is seconds since 1970.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn open(directory: &Path, names: &[String], now: i64) -> Result<Self, IdentityError> {
        let files = Files::of(directory);
        std::fs::create_dir_all(directory).map_err(|e| file("make", directory, e))?;
        files.mend()?;
        if !files.pem.exists() && !files.key.exists() {
            let (pem, key) = ca::make(now)?;
            ca::write(&pem, &key, &files.pem, &files.key)?;
        }
        let current = Ca::read(&files.pem, &files.key)?;
        let next = if files.next_pem.exists() && files.next_until.exists() {
            Some((Ca::read(&files.next_pem, &files.next_key)?, span(&files.next_until, now)?))
        } else {
            None
        };
        let names = all_names(names);
        let state = State {
            server: shown(&current, &names, now)?,
            server_due: due(now),
            agents: verifier(&current, next.as_ref().map(|(ca, _)| ca))?,
            current,
            next,
        };
        let refused = Mutex::new(BTreeMap::new());
        Ok(Self { directory: directory.to_owned(), names, state: RwLock::new(state), refused })
    }

    /// Takes a corporate authority in a directory that has none yet.
    ///
    /// # Errors
    /// [`IdentityError`]; where there is an authority already, [`Self::rotate`] changes it.
    pub fn import(directory: &Path, import: &Import) -> Result<(), IdentityError> {
        let files = Files::of(directory);
        import.check()?;
        std::fs::create_dir_all(directory).map_err(|e| file("make", directory, e))?;
        ca::write(&import.certificate, &import.key, &files.pem, &files.key)
    }

    /// A lock is poisoned only when its holder panicked; the state is replaced whole, so going on is safe.
    fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// SHA-256 of the certificate of the authority that the collector shows itself under.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        self.look(|state| state.current.fingerprint())
    }

    /// That certificate as PEM, for browsers and tools.
    #[must_use]
    pub fn pem(&self) -> String {
        self.look(|state| state.current.pem.clone())
    }

    /// The authorities agents are to trust, DER, the one in force first.
    #[must_use]
    pub fn certificates(&self) -> Vec<CertificateDer<'static>> {
        self.look(|state| {
            let next = state.next.iter().map(|(ca, _)| ca.certificate.clone());
            std::iter::once(state.current.certificate.clone()).chain(next).collect()
        })
    }

    /// The change that is under way.
    #[must_use]
    pub fn rotation(&self) -> Option<Rotation> {
        self.look(|state| {
            state.next.as_ref().map(|(ca, span)| Rotation {
                fingerprint: ca.fingerprint(),
                began: span.began,
                until: span.until,
            })
        })
    }

    /// Whether an agent's certificate is of an authority that ends with the change under way.
    #[must_use]
    pub fn is_ending(&self, certificate: &[u8]) -> bool {
        self.look(|state| state.next.as_ref().is_some_and(|(ca, _)| !ca.has_signed(certificate)))
    }

    /// Begins to change the authority for a new one, or for `import`; it takes over after `overlap`.
    ///
    /// # Errors
    /// [`IdentityError`]; a change that is under way has to end first.
    pub fn rotate(&self, import: Option<Import>, now: i64, overlap: Duration) -> Result<Rotation, IdentityError> {
        if let Some(under_way) = self.rotation() {
            return Err(IdentityError::UnderWay(under_way.until));
        }
        let files = Files::of(&self.directory);
        let (pem, key) = match import {
            Some(import) => {
                import.check()?;
                (import.certificate, import.key)
            }
            None => ca::make(now)?,
        };
        let until = now.saturating_add(i64::try_from(overlap.as_secs()).unwrap_or(i64::MAX));
        // The certificate goes before its key, because one without its key stands for a change that was cut short.
        for left in [&files.next_until, &files.next_pem, &files.next_key] {
            // Left behind by a change that never began, because its end was not written.
            let _ = std::fs::remove_file(left);
        }
        ca::write(&pem, &key, &files.next_pem, &files.next_key)?;
        std::fs::write(&files.next_until, format!("{now} {until}")).map_err(|e| file("write", &files.next_until, e))?;
        let next = Ca::read(&files.next_pem, &files.next_key)?;
        let rotation = Rotation { fingerprint: next.fingerprint(), began: now, until };
        self.change(|state| {
            state.agents = verifier(&state.current, Some(&next))?;
            state.next = Some((next, Span { began: now, until }));
            Ok(rotation)
        })
    }

    /// Ends the overlap: the next authority is the only one from now on. `false` when no change is under way.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn finish(&self, now: i64) -> Result<bool, IdentityError> {
        let files = Files::of(&self.directory);
        self.change(|state| {
            let Some((next, _)) = &state.next else { return Ok(false) };
            // Whatever may fail comes before the first thing that is changed.
            let (server, agents) = (shown(next, &self.names, now)?, verifier(next, None)?);
            files.promote()?;
            (state.server, state.server_due, state.agents) = (server, due(now), agents);
            if let Some((next, _)) = state.next.take() {
                state.current = next;
            }
            Ok(true)
        })
    }

    /// Does what time asks for: ends an overlap, renews the server certificate. Answers whether agents have to be told.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn tick(&self, now: i64) -> Result<bool, IdentityError> {
        if self.rotation().is_some_and(|rotation| now >= rotation.until) {
            return self.finish(now);
        }
        if self.look(|state| now >= state.server_due) {
            self.change(|state| {
                state.server = shown(&state.current, &self.names, now)?;
                state.server_due = due(now);
                Ok::<_, IdentityError>(())
            })?;
        }
        Ok(false)
    }

    /// Signs an agent's request. The name in the certificate is `agent`, whatever the request says. Answers the
    /// certificate and the SHA-256 of its public key.
    ///
    /// # Errors
    /// [`IdentityError::Certificate`] when the request is damaged or not signed by its own key.
    pub fn sign_agent(
        &self,
        request: &[u8],
        agent: &AgentId,
        now: i64,
        lifetime: Duration,
    ) -> Result<(CertificateDer<'static>, [u8; 32]), IdentityError> {
        self.look(|state| {
            let newest = state.next.as_ref().map_or(&state.current, |(ca, _)| ca);
            newest.agent(request, agent.as_str(), now, lifetime)
        })
    }

    /// A secret for one purpose, the same over restarts while the authority is the same.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub(crate) fn derive(&self, purpose: &[u8]) -> Result<[u8; 32], IdentityError> {
        self.look(|state| state.current.derive(purpose))
    }

    /// The collector's own certificate.
    pub(super) fn server(&self) -> Arc<CertifiedKey> {
        self.look(|state| state.server.clone())
    }

    /// Who verifies agents' certificates at present.
    pub(super) fn agents(&self) -> Arc<dyn ClientCertVerifier> {
        self.look(|state| state.agents.clone())
    }

    /// Counts a refused certificate.
    pub(super) fn refuse(&self, error: &CertificateError) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        *refused.entry(super::tls::reason(error)).or_default() += 1;
    }

    /// Certificates of agents that were refused since the start, by reason.
    #[must_use]
    pub fn refused(&self) -> BTreeMap<&'static str, u64> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Reads when an overlap began and ends. A damaged file is no reason to stop: the overlap then begins again.
fn span(path: &Path, now: i64) -> Result<Span, IdentityError> {
    let text = std::fs::read_to_string(path).map_err(|e| file("read", path, e))?;
    let numbers: Vec<i64> = text.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    Ok(match numbers.as_slice() {
        [began, until] => Span { began: *began, until: *until },
        _ => Span { began: now, until: now.saturating_add(30 * 86_400) },
    })
}

fn all_names(names: &[String]) -> Vec<String> {
    let mut all = vec![SERVER_NAME.to_owned(), "localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    all.extend(names.iter().filter(|name| !name.is_empty()).cloned());
    all.dedup();
    all
}

/// When two thirds of a server certificate made now are over.
fn due(now: i64) -> i64 {
    now.saturating_add(i64::try_from(SERVER.as_secs() / 3 * 2).unwrap_or(i64::MAX))
}

/// A new server certificate with its chain and key.
fn shown(ca: &Ca, names: &[String], now: i64) -> Result<Arc<CertifiedKey>, IdentityError> {
    let tls = |e: rustls::Error| IdentityError::Tls(e.to_string());
    let key = KeyPair::generate()?;
    let certificate = ca.server(names.to_vec(), SERVER_NAME, &key, now, SERVER)?;
    let der = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let signing = rustls::crypto::ring::sign::any_supported_type(&der).map_err(tls)?;
    Ok(Arc::new(CertifiedKey::new(vec![certificate, ca.certificate.clone()], signing)))
}

fn verifier(current: &Ca, next: Option<&Ca>) -> Result<Arc<dyn ClientCertVerifier>, IdentityError> {
    let mut roots = RootCertStore::empty();
    for ca in std::iter::once(current).chain(next) {
        roots.add(ca.certificate.clone()).map_err(|e| IdentityError::Tls(e.to_string()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|e| IdentityError::Tls(e.to_string()))
}
