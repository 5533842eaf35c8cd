//! Where segments live: a folder on disk. A face of its own, so that tests can let the disk fail at any byte.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// How the name of a file ends that is not whole yet.
pub const UNFINISHED: &str = ".new";

/// A folder of segment files.
pub trait Medium: Send {
    /// A file that is being written.
    type File: SegmentFile;

    /// Names of all files.
    ///
    /// # Errors
    /// What the system says.
    fn list(&self) -> io::Result<Vec<String>>;
    /// A new file for appending; it must not exist.
    ///
    /// # Errors
    /// What the system says.
    fn create(&self, name: &str) -> io::Result<Self::File>;
    /// Bytes of a file from `offset` on, at most `len`.
    ///
    /// # Errors
    /// What the system says.
    fn read(&self, name: &str, offset: u64, len: u64) -> io::Result<Vec<u8>>;
    /// Deletes a file.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes creations and deletions survive a power cut.
    ///
    /// # Errors
    /// What the system says.
    fn sync_folder(&self) -> io::Result<()>;
    /// Puts a file in another one's place. At every moment, and after a power cut, it is the one or the other.
    ///
    /// # Errors
    /// What the system says; the old one is still there then.
    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()>;
}

/// A file that is being written.
pub trait SegmentFile: Send {
    /// Writes at the end.
    ///
    /// # Errors
    /// What the system says; a part may have been written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Makes what was written survive a power cut.
    ///
    /// # Errors
    /// What the system says; nothing is known about the file then.
    fn sync(&mut self) -> io::Result<()>;
}

/// A folder of the file system, readable by its owner alone.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder if it is missing.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)?;
        Ok(Self { path: path.to_owned() })
    }
}

impl Medium for Folder {
    type File = File;

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            names.extend(entry?.file_name().into_string().ok());
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(self.path.join(name))
    }

    fn read(&self, name: &str, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        let mut file = File::open(self.path.join(name))?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(len).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    #[cfg(unix)]
    fn sync_folder(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    #[cfg(not(unix))]
    fn sync_folder(&self) -> io::Result<()> {
        Ok(()) // Other systems have no handle of a folder to sync.
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let unfinished = format!("{name}{UNFINISHED}");
        let _ = self.remove(&unfinished);
        let mut file = self.create(&unfinished)?;
        let written = file.append(bytes).and_then(|()| file.sync());
        drop(file);
        written.and_then(|()| fs::rename(self.path.join(&unfinished), self.path.join(name))).inspect_err(|_| {
            let _ = self.remove(&unfinished);
        })?;
        self.sync_folder()
    }
}

impl SegmentFile for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}
