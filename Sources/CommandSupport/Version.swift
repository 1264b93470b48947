/// The version of the project, which all its commands have.
public let projectVersion = "0.1.0"
