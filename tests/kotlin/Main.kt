package tfppdnn

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import java.io.File
import org.json.JSONObject

/**
 * `test` runs ConformanceTest.kt; `answer VECTOR FOLDER` writes what the class makes of a vector;
 * `draw MODEL PICTURE FOLDER` what it makes of a picture, 20 times, and prints what it refuses.
 */
fun main(arguments: Array<String>) {
    val files = arguments.drop(1).map { File(it) }
    when (arguments[0]) {
        "test" -> ConformanceTest().protectsAsPythonDoes()
        "answer" -> answer(files[0], files[1])
        "draw" -> Protector.open(files[0]).use { protector ->
            for (i in 0 until 20) {
                files[2].resolve("$i.png").writeBytes(protector.protectToPng(picture(files[1])))
            }
            refused { protector.protect(ByteArray(11), 2, 2) }
            refused { protector.protect(ByteArray(0), 0, 2) }
            refused { protector.protect(ByteArray(12), 2, 2, IntArray(3)) }
            refused { protector.protect(ByteArray(12), 2, 2, IntArray(2)) }
        }
    }
}

private fun answer(vector: File, answers: File) {
    val cases = JSONObject(vector.resolve("manifest.json").readText()).getJSONArray("cases")
    (0 until cases.length())
        .map { cases.getJSONObject(it) }
        .groupBy { it.getString("model") }
        .filterKeys { it != "protector_web.tflite" }
        .forEach { (model, those) ->
            // One for all sizes, as an app has it.
            Protector.open(vector.resolve("models/$model")).use { protector ->
                those.forEach { answer(it, protector, vector, answers) }
            }
        }
}

private fun answer(case: JSONObject, protector: Protector, vector: File, answers: File) {
    val picture = picture(vector.resolve(case.getString("image")))
    val noise = case.optJSONArray("noise")
    val png = if (noise == null) protector.protectToPng(picture) else
        protector.protectToPng(picture, IntArray(noise.length()) { noise.getInt(it) })
    val file = answers.resolve(case.getString("expected"))
    file.parentFile.mkdirs()
    file.writeBytes(png)
}

private fun picture(file: File): Bitmap {
    val content = file.readBytes()
    return BitmapFactory.decodeByteArray(content, 0, content.size)
}

private fun refused(what: () -> Unit) {
    try {
        what()
        println("taken")
    } catch (error: IllegalArgumentException) {
        println(error.message)
    }
}
