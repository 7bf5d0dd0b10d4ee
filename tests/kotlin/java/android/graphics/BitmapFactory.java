package android.graphics;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.ImageIO;

/** In place of Android's. */
public final class BitmapFactory {
    private BitmapFactory() {}

    public static Bitmap decodeByteArray(byte[] data, int offset, int length) {
        try {
            return new Bitmap(ImageIO.read(new ByteArrayInputStream(data, offset, length)));
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
