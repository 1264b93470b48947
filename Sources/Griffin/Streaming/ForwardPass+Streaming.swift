import ModelFile

/// Models of which only a part stays in memory.
extension ForwardPass {
    /// What is read from the disk in each pass; nil if the whole file is used by its mapping.
    public var streamPlan: StreamPlan? { stream?.plan }

    /// Keeps a part of the weights in memory from now on and reads the others in each pass; with nil, all are used by the file's
    /// mapping. Not to be called while a chunk is computed. False, with nothing changed, if the system refuses memory or threads.
    public func setStreamPlan(_ plan: StreamPlan?) -> Bool {
        guard let plan else {
            stream = nil
            return true
        }
        if let stream {
            stream.replace(plan)
            return true
        }
        guard let stream = WeightStream(weights.file, plan: plan, members: team.count) else { return false }
        self.stream = stream
        return true
    }

    /// Bytes that reading from the disk takes, besides ``byteCount``.
    public static func streamBytes(_ file: ModelFile, threads: Int) -> Int { WeightStream.byteCount(file, members: threads) }
}
