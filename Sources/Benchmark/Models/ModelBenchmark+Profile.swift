import Griffin
import RGEdge

extension ModelBenchmark {
    /// Where the time of a test goes, after one run of it that is not counted.
    public func profile(_ test: SpeedTest, progress: (String) -> Void) throws(ModelError) -> Profile {
        progress("warming up")
        try bring(to: test.depth, progress)
        try feed(test)
        try bring(to: test.depth, progress)
        progress("profiling")
        let profile = Profile()
        model.measure(in: profile)
        defer { model.measure(in: nil) }
        try feed(test)
        return profile
    }
}
