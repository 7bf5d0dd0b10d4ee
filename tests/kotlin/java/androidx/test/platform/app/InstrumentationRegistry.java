package androidx.test.platform.app;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** In place of Android's: the assets are the folder that the property "assets" names. */
public final class InstrumentationRegistry {
    private InstrumentationRegistry() {}

    public static Instrumentation getInstrumentation() {
        return new Instrumentation();
    }

    public static final class Instrumentation {
        public Context getContext() {
            return new Context();
        }
    }

    public static final class Context {
        public Assets getAssets() {
            return new Assets();
        }
    }

    public static final class Assets {
        public InputStream open(String name) throws IOException {
            return Files.newInputStream(Path.of(System.getProperty("assets"), name));
        }
    }
}
