import Files

/// Having the file in memory before it is needed.
extension ModelFile {
    /// Reads the whole file now. Throws where reading fails, which an access in the mapping would answer with SIGBUS.
    public func preload() throws(ModelFileError) {
        try translatingFileErrors { () throws(FileError) in try file.preload() }
    }

    /// Has the system keep the whole file in memory as long as this object lives (mlock(2)). Throws where that is not permitted, or
    /// there is too little memory.
    public func lock() throws(ModelFileError) {
        try translatingFileErrors { () throws(FileError) in try file.lock() }
    }
}
