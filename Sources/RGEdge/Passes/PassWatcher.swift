import Griffin

/// What looks after a model between passes. Called by whoever computes.
protocol PassWatcher: AnyObject, Sendable {
    func passBegins()
    func passEnds(_ forwardPass: ForwardPass)
}
