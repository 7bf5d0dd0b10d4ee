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
  }

  private let interpreter: Interpreter
  private var size = (height: 0, width: 0)

  /// Opens a protector from a file.
  public init(modelPath: String) throws {
    interpreter = try Interpreter(modelPath: modelPath)
  }

  /// Protects RGB pixels: three bytes a pixel, row by row; as many come back.
  public func protect(rgb: Data, height: Int, width: Int) throws -> Data {
    guard height > 0, width > 0, rgb.count == 3 * height * width else { throw Failure.notAnImage }
    if size != (height, width) {
      try interpreter.resizeInput(at: 0, to: Tensor.Shape([1, height, width, 3]))
      try interpreter.allocateTensors()
      size = (height, width)
    }
    try interpreter.copy(rgb, toInputAt: 0)
    try interpreter.invoke()
    return try interpreter.output(at: 0).data
  }

  /// Protects a picture; transparency is dropped. An orientation is not applied: a picture from the
  /// camera has one, so draw it upright first.
  public func protect(_ picture: CGImage) throws -> CGImage {
    let (height, width) = (picture.height, picture.width)
    let protected = try protect(rgb: Protector.rgb(of: picture), height: height, width: width)
    return try Protector.picture(rgb: protected, height: height, width: width)
  }

  /// Protects a picture and returns it as a PNG file: what is uploaded.
  public func protectToPNG(_ picture: CGImage) throws -> Data {
    // PNG keeps every value; JPEG would change them, and with them what the classifier sees.
    guard let file = UIImage(cgImage: try protect(picture)).pngData() else {
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
