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

    private func fault(_ member: Int) -> UnsafeMutablePointer<Int32> {
        (workspace.faults + member * Workspace.faultStride).assumingMemoryBound(to: Int32.self)
    }

    /// Before a chunk.
    func clearFaults() {
        for member in 0..<team.count { fault(member).pointee = Self.none }
    }

    /// After a chunk: the first place where a member found numbers that are not finite.
    var firstFault: Place? {
        var first = Self.none
        for member in 0..<team.count { first = min(first, fault(member).pointee) }
        return first == Self.none ? nil : Place(number: first)
    }

    /// Notes a place unless `areFinite`. Members pass places in order, so that the first one noted is their first.
    @inline(__always)
    func expect(_ areFinite: Bool, _ place: Place, _ member: TeamMember) {
        if !areFinite { note(place, member) }
    }

    private func note(_ place: Place, _ member: TeamMember) {
        let fault = fault(member.index)
        fault.pointee = min(fault.pointee, place.number)
    }

    /// The place that the residual stream comes from before a layer.
    func stream(before layer: Int) -> Place {
        layer == 0 ? Place(.embedding, layer: -1) : Place(.mlpOutput, layer: layer - 1)
    }
}
