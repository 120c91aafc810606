import Foundation

let arguments = CommandLine.arguments.dropFirst()
exit(ConformanceRunner.run(Array(arguments)))
