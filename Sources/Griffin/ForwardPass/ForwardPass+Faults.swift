import Kernels

/// Where numbers that are not finite come up.
///
/// The residual stream can't hide them: the sum of squares of each norm shows any of them, whatever gave it. Numbers that never get
/// there are checked where they would get lost: activations when they are quantized, which makes NaN 0; the gates, whose sigmoid
/// makes infinity 1; queries, keys and values, before the softmax; and logits, before the soft cap.
extension ForwardPass {
    typealias Place = NonFiniteNumbers.Place

    /// No fault yet: larger than every place.
    private static let none = Int32.max

    /// Before a pass of so many runs.
    func clearFaults(runs: Int) {
        for member in 0..<team.count { workspace.faults(member).update(repeating: Self.none, count: runs) }
    }

    /// After a pass that threw ``ForwardPassError/nonFinite(_:)``, before the next one: what a run came to; nil if nothing is wrong
    /// with it.
    public func nonFiniteNumbers(ofRun run: Int) -> NonFiniteNumbers? {
        firstPlace(ofRun: run).map { NonFiniteNumbers($0, run: run, configuration) }
    }

    private func firstPlace(ofRun run: Int) -> Place? {
        var first = Self.none
        for member in 0..<team.count { first = min(first, workspace.faults(member)[run]) }
        return first == Self.none ? nil : Place(number: first)
    }

    /// After a pass of so many runs: the first of them that came to numbers that are not finite, and the first place of those.
    func firstFault(runs: Int) -> (run: Int, place: Place)? {
        for run in 0..<runs {
            if let place = firstPlace(ofRun: run) { return (run, place) }
        }
        return nil
    }

    /// Notes a place of a run unless `areFinite`. A run's tokens have no part in what other runs come to, so that these are right
    /// all the same.
    @inline(__always)
    func expect(_ areFinite: Bool, _ place: Place, run: @autoclosure () -> Int, _ member: TeamMember) {
        if !areFinite { note(place, run: run(), member) }
    }

    private func note(_ place: Place, run: Int, _ member: TeamMember) {
        let fault = workspace.faults(member.index) + run
        fault.pointee = min(fault.pointee, place.number)
    }

    /// The place that the residual stream comes from before a layer.
    func stream(before layer: Int) -> Place {
        layer == 0 ? Place(.embedding, layer: -1) : Place(.mlpOutput, layer: layer - 1)
    }
}
