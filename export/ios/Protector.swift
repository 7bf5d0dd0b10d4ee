// Never compiled: no Swift compiler could be had. What was checked instead, by
// tests/test_conformance.py: its calls are those that the runtime's reference documents, and brackets close.
// The class for Android does the same, call by call; it is compiled, and answers the vector.

import CoreGraphics
import Foundation
import TensorFlowLite
import UIKit

/// Protects images on the device, so that no plain pixel needs to leave it.
///
/// Takes any of `protector.tflite`, `protector_fp16.tflite` and `protector_int8.tflite`, and images
/// of any size. Not for several threads at once: give each its own.
public final class Protector {
  public enum Failure: Error {
    /// The image has no pixels, or not three bytes for each.
    case notAnImage
    /// The system could not make a picture or a PNG file.
    case notDrawn
    /// The noise is 0 throughout: it was not drawn.
    case notRandom
    /// The file takes other inputs than an image and noise, or other noise.
    case notAProtector
  }

  private let interpreter: Interpreter
  private let image: Int
  private let noiseSize: Int
  private var size = (height: 0, width: 0)

  /// Opens a protector from a file.
  public init(modelPath: String) throws {
    // A closure may not use what belongs to self before all of self is set.
    let interpreter = try Interpreter(modelPath: modelPath)
    try interpreter.allocateTensors()
    let inputs = try (0..<interpreter.inputTensorCount).map { try interpreter.input(at: $0) }
    guard let image = inputs.firstIndex(where: { $0.dataType == .uInt8 }) else {
      throw Failure.notAProtector
    }
    self.interpreter = interpreter
    self.image = image
    noiseSize = inputs.first { $0.dataType == .int32 }?.shape.dimensions[1] ?? 0
  }

  /// Protects RGB pixels: three bytes a pixel, row by row; as many come back.
  ///
  /// A protector that draws at random takes noise of the system's generator; give it in tests only.
  public func protect(rgb: Data, height: Int, width: Int, noise: [Int32]? = nil) throws -> Data {
    guard height > 0, width > 0, rgb.count == 3 * height * width else { throw Failure.notAnImage }
    let noise = noise ?? (0..<noiseSize).map { _ in Int32.random(in: .min ... .max) }
    guard noise.count == noiseSize else { throw Failure.notAProtector }
    guard noiseSize == 0 || noise.contains(where: { $0 != 0 }) else { throw Failure.notRandom }
    if size != (height, width) {
      try interpreter.resizeInput(at: image, to: Tensor.Shape([1, height, width, 3]))
      try interpreter.allocateTensors()
      size = (height, width)
    }
    try interpreter.copy(rgb, toInputAt: image)
    if noiseSize > 0 {
      try interpreter.copy(noise.withUnsafeBytes { Data($0) }, toInputAt: 1 - image)
    }
    try interpreter.invoke()
    return try interpreter.output(at: 0).data
  }

  /// Protects a picture; transparency is dropped. An orientation is not applied: a picture from the
  /// camera has one, so draw it upright first.
  public func protect(_ picture: CGImage, noise: [Int32]? = nil) throws -> CGImage {
    let (height, width) = (picture.height, picture.width)
    let rgb = try Protector.rgb(of: picture)
    let protected = try protect(rgb: rgb, height: height, width: width, noise: noise)
    return try Protector.picture(rgb: protected, height: height, width: width)
  }

  /// Protects a picture and returns it as a PNG file: what is uploaded.
  public func protectToPNG(_ picture: CGImage, noise: [Int32]? = nil) throws -> Data {
    // PNG keeps every value; JPEG would change them, and with them what the classifier sees.
    guard let file = UIImage(cgImage: try protect(picture, noise: noise)).pngData() else {
      throw Failure.notDrawn
    }
    return file
  }

  /// Reads a picture's pixels, three bytes each.
  static func rgb(of picture: CGImage) throws -> Data {
    let (height, width) = (picture.height, picture.width)
    var rgbx = [UInt8](repeating: 0, count: 4 * height * width)
    let drawn = rgbx.withUnsafeMutableBytes { bytes -> Bool in
      guard
        let space = CGColorSpace(name: CGColorSpace.sRGB),
        let context = CGContext(
          data: bytes.baseAddress, width: width, height: height, bitsPerComponent: 8,
          bytesPerRow: 4 * width, space: space,
          bitmapInfo: CGImageAlphaInfo.noneSkipLast.rawValue)
      else { return false }
      context.draw(picture, in: CGRect(x: 0, y: 0, width: width, height: height))
      return true
    }
    guard drawn else { throw Failure.notDrawn }
    var rgb = Data(capacity: 3 * height * width)
    for i in stride(from: 0, to: rgbx.count, by: 4) { rgb.append(contentsOf: rgbx[i..<i + 3]) }
    return rgb
  }

  /// Makes a picture of pixels, three bytes each.
  static func picture(rgb: Data, height: Int, width: Int) throws -> CGImage {
    guard
      let provider = CGDataProvider(data: rgb as CFData),
      let space = CGColorSpace(name: CGColorSpace.sRGB),
      let picture = CGImage(
        width: width, height: height, bitsPerComponent: 8, bitsPerPixel: 24,
        bytesPerRow: 3 * width, space: space,
        bitmapInfo: CGBitmapInfo(rawValue: CGImageAlphaInfo.none.rawValue),
        provider: provider, decode: nil, shouldInterpolate: false, intent: .defaultIntent)
    else { throw Failure.notDrawn }
    return picture
  }
}
