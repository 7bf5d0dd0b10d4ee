// Never compiled: no Swift compiler could be had. What was checked instead, by
// tests/test_conformance.py: every key that it asks for is one that the vector's manifest has.
// The class for Android does the same, call by call; it is compiled, and answers the vector.

import UIKit
import XCTest

@testable import YourApp

/// The device protects as Python does: export/conformance/vector lies in the test bundle as a folder.
final class ConformanceTests: XCTestCase {
  private struct Manifest: Decodable {
    struct Model: Decodable { let allowed: [String: Double] }
    struct Case: Decodable {
      let model: String
      let image: String
      let expected: String
      let height: Int
      let width: Int
      let noise: [Int32]?
    }
    let models: [String: Model]
    let cases: [Case]
  }

  private lazy var vector = Bundle(for: ConformanceTests.self).resourceURL!
    .appendingPathComponent("conformance")

  private func picture(_ data: Data) throws -> CGImage {
    try XCTUnwrap(UIImage(data: data)?.cgImage)
  }

  private func picture(named name: String) throws -> CGImage {
    try picture(Data(contentsOf: vector.appendingPathComponent(name)))
  }

  func testProtectsAsPythonDoes() throws {
    let content = try Data(contentsOf: vector.appendingPathComponent("manifest.json"))
    let manifest = try JSONDecoder().decode(Manifest.self, from: content)
    // The browser's file has fixed sizes.
    let cases = manifest.cases.filter { $0.model != "protector_web.tflite" }
    XCTAssertFalse(cases.isEmpty)
    for one in cases {
      let model = vector.appendingPathComponent("models/\(one.model)").path
      let file = try Protector(modelPath: model).protectToPNG(
        picture(named: one.image), noise: one.noise)
      let found = try Protector.rgb(of: picture(file))
      let expected = try Protector.rgb(of: picture(named: one.expected))
      XCTAssertEqual(found.count, expected.count, one.expected)
      let levels = zip(found, expected).map { abs(Int($0) - Int($1)) }
      let allowed = try XCTUnwrap(manifest.models[one.model]).allowed
      if let most = allowed["max_difference"] {
        XCTAssertLessThanOrEqual(Double(levels.max() ?? 0), most, one.expected)
      }
      if let most = allowed["share_differing"] {
        let differing = levels.filter { $0 > 0 }.count
        XCTAssertLessThanOrEqual(
          Double(differing), max(1, most * Double(levels.count)), one.expected)
      }
      if let most = allowed["mean_difference"] {
        let mean = Double(levels.reduce(0, +)) / Double(levels.count)
        XCTAssertLessThanOrEqual(mean, most, one.expected)
      }
    }
  }
}
