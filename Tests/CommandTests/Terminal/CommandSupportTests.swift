import CommandSupport
import Testing

@Suite struct CommandSupportTests {
    @Test(arguments: [
        (0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (9_994_999, "9.99 MB"), (9_995_000, "10.0 MB"), (99_949_999, "99.9 MB"),
        (99_950_000, "100 MB"), (999_499_999, "999 MB"), (999_500_000, "1.00 GB"), (.max, "9.22 EB"),
    ])
    func bytesHaveThreeDigits(count: Int, text: String) {
        #expect(Format.bytes(count) == text)
    }

    @Test(arguments: [
        (-1, "0 s"), (0, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (125, "2 min 05 s"), (3599.6, "1 h 00 min"),
        (3725, "1 h 02 min"), (.infinity, "long"), (.nan, "long"),
    ])
    func timesAreReadable(seconds: Double, text: String) {
        #expect(Format.duration(seconds: seconds) == text)
    }

    @Test func numbersHaveTheDigitsAskedFor() {
        #expect(Format.fixed(4.5, digits: 2) == "4.50")
        #expect(Format.fixed(-0.126, digits: 2) == "-0.13")
        #expect(Format.short(0.041239) == "0.0412")
        #expect(Format.short(3.21e-6) == "3.21e-06")
        #expect(Format.short(999.4) == "999")
        #expect(Format.short(12_345.6) == "12346")
        #expect(Format.count(999) == "999")
        #expect(Format.count(4_069_000) == "4.07 million")
        #expect(Format.fixed(.greatestFiniteMagnitude, digits: 300).count < 512, "cut, not overrun")
    }

    @Test func tablesAlignTheirColumns() {
        var table = Table(("type", .left), ("tensors", .right), ("note", .left))
        table.add("q4", "12", "größte")
        table.add("f32 longer", "1", "")
        #expect(
            table.description == """
                type        tensors  note
                q4               12  größte
                f32 longer        1

                """)
    }
}
