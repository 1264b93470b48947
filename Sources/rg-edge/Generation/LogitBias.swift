import ArgumentParser

/// What is added to the logit of a token, as llama.cpp's users write it: `1234+1`, `1234-0.5`, `1234-inf`.
struct LogitBias: ExpressibleByArgument, Equatable {
    let token: UInt32
    let value: Float

    init?(argument: String) {
        guard let sign = argument.firstIndex(where: { $0 == "+" || $0 == "-" }), let token = UInt32(argument[..<sign]) else {
            return nil
        }
        let number = argument[argument.index(after: sign)...]
        // Not a second sign, nor one of the other things that Float reads.
        guard number == "inf" || number.first.map({ $0.isASCII && ($0.isNumber || $0 == ".") }) == true,
            let size = Float(number), size.isFinite || (argument[sign] == "-" && number == "inf")
        else { return nil }
        self.token = token
        value = argument[sign] == "-" ? -size : size
    }
}
