extension UInt64 {
    /// Its 16 hexadecimal digits, as in the names of files and in reports.
    package var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
