// Compiled, and run on a Java virtual machine, by tests/test_kotlin.py, which puts pixels in place of Android's `Bitmap`,
// and LiteRT's own interpreter behind the Java interface. Not run on a device.

package tfppdnn

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import androidx.test.ext.junit.runners.AndroidJUnit4
import androidx.test.platform.app.InstrumentationRegistry
import kotlin.math.abs
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith

/** The device protects as Python does: export/conformance/vector lies in the test's assets. */
@RunWith(AndroidJUnit4::class)
class ConformanceTest {
    private val assets = InstrumentationRegistry.getInstrumentation().context.assets

    private fun bytes(name: String): ByteArray =
        assets.open("conformance/$name").use { it.readBytes() }

    private fun picture(name: String): Bitmap {
        val content = bytes(name)
        return BitmapFactory.decodeByteArray(content, 0, content.size)
    }

    private fun values(picture: Bitmap): IntArray {
        val pixels = IntArray(picture.width * picture.height)
        picture.getPixels(pixels, 0, picture.width, 0, 0, picture.width, picture.height)
        return IntArray(3 * pixels.size) { (pixels[it / 3] shr (16 - 8 * (it % 3))) and 0xff }
    }

    @Test
    fun protectsAsPythonDoes() {
        val manifest = JSONObject(String(bytes("manifest.json")))
        val cases = manifest.getJSONArray("cases")
        var looked = 0
        for (number in 0 until cases.length()) {
            val case = cases.getJSONObject(number)
            val model = case.getString("model")
            // That file has fixed sizes, for browsers.
            if (model == "protector_web.tflite") continue
            val png = Protector(Protector.direct(bytes("models/$model"))).use {
                val noise = case.optJSONArray("noise")
                val image = picture(case.getString("image"))
                if (noise == null) it.protectToPng(image) else
                    it.protectToPng(image, IntArray(noise.length()) { at -> noise.getInt(at) })
            }
            val found = BitmapFactory.decodeByteArray(png, 0, png.size)
            val expected = picture(case.getString("expected"))
            assertEquals(expected.width, found.width)
            assertEquals(expected.height, found.height)
            val levels = values(expected).zip(values(found).toList()) { a, b -> abs(a - b) }
            val allowed = manifest.getJSONObject("models").getJSONObject(model).getJSONObject("allowed")
            val name = case.getString("expected")
            if (allowed.has("max_difference")) {
                assertTrue(name, levels.max() <= allowed.getInt("max_difference"))
            }
            if (allowed.has("share_differing")) {
                val most = maxOf(1.0, allowed.getDouble("share_differing") * levels.size)
                assertTrue(name, levels.count { it > 0 } <= most)
            }
            if (allowed.has("mean_difference")) {
                assertTrue(name, levels.average() <= allowed.getDouble("mean_difference"))
            }
            looked += 1
        }
        assertTrue(looked > 0)
    }
}
