//! The disk as SQLite sees it: a VFS (sqlite.org/vfs.html) that keeps the files of chosen directories on simulated disks and
//! leaves all others to the system's. One process, as a collector has it: locks and shared memory lie in the heap.
#![allow(unsafe_code, reason = "SQLite's interface for storage is one of C")]

use super::Disk;
use rusqlite::ffi::{
    SQLITE_BUSY, SQLITE_CANTOPEN, SQLITE_FULL, SQLITE_IOCAP_POWERSAFE_OVERWRITE, SQLITE_IOERR_DELETE,
    SQLITE_IOERR_DELETE_NOENT, SQLITE_IOERR_FSYNC, SQLITE_IOERR_READ, SQLITE_IOERR_SHORT_READ, SQLITE_IOERR_TRUNCATE,
    SQLITE_IOERR_WRITE, SQLITE_NOTFOUND, SQLITE_OK, SQLITE_OPEN_CREATE, SQLITE_OPEN_MAIN_JOURNAL, SQLITE_OPEN_WAL,
    SQLITE_SHM_EXCLUSIVE, SQLITE_SHM_UNLOCK, sqlite3_file, sqlite3_io_methods, sqlite3_vfs, sqlite3_vfs_find,
    sqlite3_vfs_register,
};
use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

/// Directories that are simulated.
static PLACES: Mutex<BTreeMap<String, Place>> = Mutex::new(BTreeMap::new());
static REGISTERED: Once = Once::new();

/// Locks of a database file (sqlite.org/lockingv3.html); the highest level a connection may hold.
const SHARED: c_int = 1;
const EXCLUSIVE: c_int = 4;
/// Locks of shared memory.
const SLOTS: usize = 8;

struct Place {
    disk: Disk,
    files: BTreeMap<String, Shared>,
}

/// What the connections to one file share.
#[derive(Default)]
struct Shared {
    connections: usize,
    readers: usize,
    /// The connection that may write the file, and whether nobody may read it meanwhile.
    writer: Option<u64>,
    exclusive: bool,
    memory: Vec<Box<[u64]>>,
    /// Of each slot: how many share it, -1 where one has it alone.
    slots: [i32; SLOTS],
}

/// What SQLite allocates for a file of ours.
#[repr(C)]
struct File {
    base: sqlite3_file,
    open: *mut Open,
}

/// One connection's view of a file.
struct Open {
    number: u64,
    directory: String,
    name: String,
    disk: Disk,
    node: u64,
    level: c_int,
    /// Of each slot: 0, 1 shared, -1 alone.
    held: [i32; SLOTS],
    /// Whether the directory has to be flushed with the file, since it is new.
    names: bool,
}

/// Keeps the files of SQLite in this directory on a simulated disk until dropped.
#[derive(Debug)]
pub struct Simulated(String);

impl Simulated {
    /// Begins.
    ///
    /// # Panics
    /// When SQLite refuses.
    #[must_use]
    pub fn new(directory: &Path, disk: &Disk) -> Self {
        REGISTERED.call_once(register);
        let directory = directory.to_str().unwrap().to_owned();
        places().insert(directory.clone(), Place { disk: disk.clone(), files: BTreeMap::new() });
        Self(directory)
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        places().remove(&self.0);
    }
}

fn places() -> MutexGuard<'static, BTreeMap<String, Place>> {
    PLACES.lock().unwrap_or_else(PoisonError::into_inner)
}

fn register() {
    // SAFETY: the system's VFS lives as long as the process; the copy is leaked, so that it does too.
    unsafe {
        let system = sqlite3_vfs_find(std::ptr::null());
        let size = (*system).szOsFile.max(size_of::<File>() as c_int);
        let ours = Box::leak(Box::new(sqlite3_vfs {
            szOsFile: size,
            pNext: std::ptr::null_mut(),
            zName: c"picket-simulated".as_ptr(),
            pAppData: system.cast(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            ..*system
        }));
        assert_eq!(sqlite3_vfs_register(ours, 1), SQLITE_OK);
    }
}

/// Directory, name and disk of a path, where it is simulated.
unsafe fn find(path: *const c_char) -> Option<(String, String, Disk)> {
    if path.is_null() {
        return None;
    }
    // SAFETY: SQLite passes paths that end in a zero.
    let path = unsafe { CStr::from_ptr(path) }.to_str().ok()?;
    let (directory, name) = path.rsplit_once('/')?;
    let disk = places().get(directory)?.disk.clone();
    Some((directory.to_owned(), name.to_owned(), disk))
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    path: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    static NUMBER: Mutex<u64> = Mutex::new(0);
    // SAFETY: as SQLite promises of its arguments; `file` has room for `szOsFile` bytes.
    unsafe {
        let Some((directory, name, disk)) = find(path) else {
            let system: *mut sqlite3_vfs = (*vfs).pAppData.cast();
            return (*system).xOpen.map_or(SQLITE_CANTOPEN, |open| open(system, path, file, flags, out));
        };
        (*file).pMethods = std::ptr::null();
        let found = match disk.find(&name) {
            Err(e) if e.kind() == ErrorKind::NotFound && flags & SQLITE_OPEN_CREATE != 0 => disk.create(&name),
            found => found,
        };
        let Ok(node) = found else { return SQLITE_CANTOPEN };
        let number = {
            let mut number = NUMBER.lock().unwrap_or_else(PoisonError::into_inner);
            *number += 1;
            *number
        };
        if let Some(place) = places().get_mut(&directory) {
            place.files.entry(name.clone()).or_default().connections += 1;
        }
        let names = flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL) != 0;
        let open = Open { number, directory, name, disk, node, level: 0, held: [0; SLOTS], names };
        let file: *mut File = file.cast();
        (*file).open = Box::into_raw(Box::new(open));
        (*file).base.pMethods = &raw const METHODS;
        if !out.is_null() {
            *out = flags;
        }
        SQLITE_OK
    }
}

unsafe extern "C" fn delete(vfs: *mut sqlite3_vfs, path: *const c_char, flush: c_int) -> c_int {
    // SAFETY: as SQLite promises of its arguments.
    unsafe {
        let Some((_, name, disk)) = find(path) else {
            let system: *mut sqlite3_vfs = (*vfs).pAppData.cast();
            return (*system).xDelete.map_or(SQLITE_OK, |delete| delete(system, path, flush));
        };
        match disk.remove(&name) {
            Ok(()) if flush != 0 && disk.sync_names().is_err() => SQLITE_IOERR_FSYNC,
            Ok(()) => SQLITE_OK,
            Err(e) if e.kind() == ErrorKind::NotFound => SQLITE_IOERR_DELETE_NOENT,
            Err(_) => SQLITE_IOERR_DELETE,
        }
    }
}

unsafe extern "C" fn access(vfs: *mut sqlite3_vfs, path: *const c_char, flags: c_int, out: *mut c_int) -> c_int {
    // SAFETY: as SQLite promises of its arguments.
    unsafe {
        let Some((_, name, disk)) = find(path) else {
            let system: *mut sqlite3_vfs = (*vfs).pAppData.cast();
            return (*system).xAccess.map_or(SQLITE_OK, |access| access(system, path, flags, out));
        };
        // An empty file counts as none, as with the system's VFS.
        let there = disk.find(&name).and_then(|node| disk.length(node)).is_ok_and(|length| length > 0);
        *out = c_int::from(there);
        SQLITE_OK
    }
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// The connection behind a file of ours, and what it shares with others.
fn with<T>(file: *mut sqlite3_file, or: T, work: impl FnOnce(&mut Open, &mut Shared) -> T) -> T {
    // SAFETY: only files that `open` made have these methods, and SQLite calls them one at a time.
    let open = unsafe { &mut *(*file.cast::<File>()).open };
    let mut places = places();
    match places.get_mut(&open.directory).and_then(|place| place.files.get_mut(&open.name)) {
        Some(shared) => work(open, shared),
        None => or,
    }
}

/// The connection behind a file of ours.
fn of<'a>(file: *mut sqlite3_file) -> &'a mut Open {
    // SAFETY: as in `with`.
    unsafe { &mut *(*file.cast::<File>()).open }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    with(file, (), |open, shared| {
        release(open, shared, 0);
        shared.connections -= 1;
    });
    let open = of(file);
    if let Some(place) = places().get_mut(&open.directory)
        && place.files.get(&open.name).is_some_and(|shared| shared.connections == 0)
    {
        place.files.remove(&open.name);
    }
    // SAFETY: `open` made it, and SQLite does not use the file again.
    drop(unsafe { Box::from_raw((*file.cast::<File>()).open) });
    SQLITE_OK
}

unsafe extern "C" fn read(file: *mut sqlite3_file, to: *mut c_void, bytes: c_int, offset: i64) -> c_int {
    let open = of(file);
    // SAFETY: SQLite passes room for so many bytes.
    let to = unsafe { std::slice::from_raw_parts_mut(to.cast::<u8>(), bytes as usize) };
    let Ok(read) = open.disk.read(open.node, offset as u64, to.len()) else { return SQLITE_IOERR_READ };
    to.fill(0);
    to[..read.len()].copy_from_slice(&read);
    if read.len() < to.len() { SQLITE_IOERR_SHORT_READ } else { SQLITE_OK }
}

unsafe extern "C" fn write(file: *mut sqlite3_file, from: *const c_void, bytes: c_int, offset: i64) -> c_int {
    let open = of(file);
    // SAFETY: SQLite passes so many bytes.
    let from = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), bytes as usize) };
    let mut done = 0;
    while done < from.len() {
        match open.disk.write(open.node, offset as u64 + done as u64, &from[done..]) {
            Ok(written) => done += written,
            Err(e) if e.kind() == ErrorKind::StorageFull => return SQLITE_FULL,
            Err(_) => return SQLITE_IOERR_WRITE,
        }
    }
    SQLITE_OK
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, length: i64) -> c_int {
    let open = of(file);
    if open.disk.cut(open.node, length as u64).is_ok() { SQLITE_OK } else { SQLITE_IOERR_TRUNCATE }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, _flags: c_int) -> c_int {
    let open = of(file);
    let done = open.disk.sync(open.node).and_then(|()| if open.names { open.disk.sync_names() } else { Ok(()) });
    open.names &= done.is_err();
    if done.is_ok() { SQLITE_OK } else { SQLITE_IOERR_FSYNC }
}

unsafe extern "C" fn file_size(file: *mut sqlite3_file, out: *mut i64) -> c_int {
    let open = of(file);
    let Ok(length) = open.disk.length(open.node) else { return SQLITE_IOERR_READ };
    // SAFETY: SQLite passes room for the answer.
    unsafe { *out = length as i64 };
    SQLITE_OK
}

unsafe extern "C" fn lock(file: *mut sqlite3_file, level: c_int) -> c_int {
    with(file, SQLITE_BUSY, |open, shared| {
        if level <= open.level {
            return SQLITE_OK;
        }
        let others_write = shared.writer.is_some_and(|writer| writer != open.number);
        let refused = match level {
            SHARED => shared.exclusive,
            EXCLUSIVE => others_write || shared.readers > 1,
            _ => others_write,
        };
        if refused {
            return SQLITE_BUSY;
        }
        if open.level == 0 {
            shared.readers += 1;
        }
        if level > SHARED {
            shared.writer = Some(open.number);
        }
        shared.exclusive |= level == EXCLUSIVE;
        open.level = level;
        SQLITE_OK
    })
}

fn release(open: &mut Open, shared: &mut Shared, level: c_int) {
    if level >= open.level {
        return;
    }
    if shared.writer == Some(open.number) {
        (shared.writer, shared.exclusive) = (None, false);
    }
    if level == 0 {
        shared.readers -= 1;
    }
    open.level = level;
}

unsafe extern "C" fn unlock(file: *mut sqlite3_file, level: c_int) -> c_int {
    with(file, (), |open, shared| release(open, shared, level));
    SQLITE_OK
}

unsafe extern "C" fn check_reserved(file: *mut sqlite3_file, out: *mut c_int) -> c_int {
    let reserved = with(file, false, |_, shared| shared.writer.is_some());
    // SAFETY: SQLite passes room for the answer.
    unsafe { *out = c_int::from(reserved) };
    SQLITE_OK
}

unsafe extern "C" fn control(_file: *mut sqlite3_file, _what: c_int, _argument: *mut c_void) -> c_int {
    SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_file: *mut sqlite3_file) -> c_int {
    4_096
}

unsafe extern "C" fn characteristics(_file: *mut sqlite3_file) -> c_int {
    SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    let memory = with(file, std::ptr::null_mut(), |_, shared| {
        let region = region as usize;
        while extend != 0 && shared.memory.len() <= region {
            shared.memory.push(vec![0u64; size as usize / 8].into_boxed_slice());
        }
        shared.memory.get_mut(region).map_or(std::ptr::null_mut(), |memory| memory.as_mut_ptr().cast())
    });
    // SAFETY: SQLite passes room for the answer.
    unsafe { *out = memory };
    SQLITE_OK
}

unsafe extern "C" fn shm_lock(file: *mut sqlite3_file, offset: c_int, count: c_int, flags: c_int) -> c_int {
    let slots = offset as usize..(offset + count) as usize;
    with(file, SQLITE_BUSY, |open, shared| {
        if flags & SQLITE_SHM_UNLOCK != 0 {
            for slot in slots {
                match std::mem::take(&mut open.held[slot]) {
                    0 => {}
                    1 => shared.slots[slot] -= 1,
                    _ => shared.slots[slot] = 0,
                }
            }
            return SQLITE_OK;
        }
        let alone = flags & SQLITE_SHM_EXCLUSIVE != 0;
        let free =
            |slot: usize| open.held[slot] != 0 || if alone { shared.slots[slot] == 0 } else { shared.slots[slot] >= 0 };
        if !slots.clone().all(free) {
            return SQLITE_BUSY;
        }
        for slot in slots.filter(|slot| open.held[*slot] == 0).collect::<Vec<_>>() {
            open.held[slot] = if alone { -1 } else { 1 };
            shared.slots[slot] += open.held[slot];
        }
        SQLITE_OK
    })
}

unsafe extern "C" fn shm_barrier(_file: *mut sqlite3_file) {
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
}

unsafe extern "C" fn shm_unmap(file: *mut sqlite3_file, _delete: c_int) -> c_int {
    with(file, (), |open, shared| {
        for (held, slot) in std::mem::take(&mut open.held).into_iter().zip(&mut shared.slots) {
            *slot -= held;
        }
        if shared.connections <= 1 {
            shared.memory.clear();
        }
    });
    SQLITE_OK
}
