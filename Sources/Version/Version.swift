/// The version of the project, which its commands and its C library have.
public let projectVersion = "0.2.0"
