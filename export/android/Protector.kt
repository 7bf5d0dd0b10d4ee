// Compiled, and held to the conformance vector on a Java virtual machine, by tests/test_kotlin.py, which puts pixels in place of Android's `Bitmap`,
// and LiteRT's own interpreter behind the Java interface. Not run on a device.

package tfppdnn

import android.graphics.Bitmap
import java.io.ByteArrayOutputStream
import java.io.Closeable
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.security.SecureRandom
import org.tensorflow.lite.DataType
import org.tensorflow.lite.InterpreterApi

/**
 * Protects images on the device, so that no plain pixel needs to leave it.
 *
 * Takes any of `protector.tflite`, `protector_fp16.tflite` and `protector_int8.tflite`, and images
 * of any size. May be called from several threads, which then take turns.
 *
 * @param model The contents of the file; see [open] for one in the app's files.
 */
class Protector(model: ByteBuffer) : Closeable {
    private val interpreter = InterpreterApi.create(model, InterpreterApi.Options())
    private val random = SecureRandom()
    private val image: Int
    private val noiseSize: Int
    private var height = 0
    private var width = 0

    init {
        val inputs = 0 until interpreter.getInputTensorCount()
        image = inputs.first { interpreter.getInputTensor(it).dataType() == DataType.UINT8 }
        val noise = inputs.firstOrNull { it != image }
        noiseSize = if (noise == null) 0 else interpreter.getInputTensor(noise).shape()[1]
    }

    /**
     * Protects RGB pixels.
     *
     * @param rgb Three bytes a pixel, row by row.
     * @param noise What a protector that draws at random is given; leave it out but in tests.
     * @return As many bytes.
     */
    @Synchronized
    fun protect(rgb: ByteArray, height: Int, width: Int, noise: IntArray = draw()): ByteArray {
        require(noise.size == noiseSize) { "the file takes $noiseSize random numbers" }
        require(noiseSize == 0 || noise.any { it != 0 }) { "the noise is 0 throughout" }
        require(height > 0 && width > 0) { "the image has no pixels" }
        require(rgb.size.toLong() == 3L * height * width) { "three bytes a pixel, not ${rgb.size}" }
        if (height != this.height || width != this.width) {
            interpreter.resizeInput(image, intArrayOf(1, height, width, 3))
            this.height = height
            this.width = width
        }
        val input = ByteBuffer.allocateDirect(rgb.size).order(ByteOrder.nativeOrder())
        input.put(rgb)
        input.rewind()
        val output = ByteBuffer.allocateDirect(rgb.size).order(ByteOrder.nativeOrder())
        val drawn = ByteBuffer.allocateDirect(4 * noiseSize).order(ByteOrder.nativeOrder())
        drawn.asIntBuffer().put(noise)
        val inputs = if (noiseSize == 0) arrayOf<Any>(input) else
            Array<Any>(2) { if (it == image) input else drawn }
        interpreter.runForMultipleInputsOutputs(inputs, mapOf<Int, Any>(0 to output))
        output.rewind()
        return ByteArray(rgb.size).also { output.get(it) }
    }

    /** Draws what one picture is protected with, by the system's generator. */
    private fun draw() = IntArray(noiseSize) { random.nextInt() }

    /** Protects a picture; transparency is dropped. */
    fun protect(picture: Bitmap, noise: IntArray = draw()): Bitmap {
        val height = picture.height
        val width = picture.width
        val pixels = IntArray(width * height)
        picture.getPixels(pixels, 0, width, 0, 0, width, height)
        val rgb = ByteArray(3 * pixels.size)
        for ((i, pixel) in pixels.withIndex()) {
            rgb[3 * i] = (pixel shr 16).toByte()
            rgb[3 * i + 1] = (pixel shr 8).toByte()
            rgb[3 * i + 2] = pixel.toByte()
        }
        val protectedRgb = protect(rgb, height, width, noise)
        for (i in pixels.indices) {
            val red = protectedRgb[3 * i].toInt() and 0xff
            val green = protectedRgb[3 * i + 1].toInt() and 0xff
            val blue = protectedRgb[3 * i + 2].toInt() and 0xff
            pixels[i] = (0xff shl 24) or (red shl 16) or (green shl 8) or blue
        }
        return Bitmap.createBitmap(pixels, width, height, Bitmap.Config.ARGB_8888)
    }

    /** Protects a picture and returns it as a PNG file: what is uploaded. */
    fun protectToPng(picture: Bitmap, noise: IntArray = draw()): ByteArray {
        val file = ByteArrayOutputStream()
        // PNG keeps every value; JPEG would change them, and with them what the classifier sees.
        protect(picture, noise).compress(Bitmap.CompressFormat.PNG, 100, file)
        return file.toByteArray()
    }

    override fun close() = interpreter.close()

    companion object {
        /** Opens a protector from a file. */
        fun open(file: File): Protector = Protector(direct(file.readBytes()))

        /** Copies bytes into the kind of buffer that the runtime reads. */
        fun direct(bytes: ByteArray): ByteBuffer {
            val buffer = ByteBuffer.allocateDirect(bytes.size).order(ByteOrder.nativeOrder())
            buffer.put(bytes)
            buffer.rewind()
            return buffer
        }
    }
}
