// What users of this module see of those below it: the types that its own declarations name, and no others. Exported instead of
// given other names by `typealias`, since a program that wants the module of each member imported (MemberImportVisibility) could
// use no member of what is only a name. tools/support/public-api checks that nothing else comes up in a public declaration.

@_exported import struct Griffin.Configuration
@_exported import struct Text.Message
@_exported import class Text.Tokenizer
