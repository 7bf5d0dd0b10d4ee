package org.junit;

import java.util.Objects;

/** The two of JUnit's that `ConformanceTest.kt` calls. */
public final class Assert {
    private Assert() {}

    public static void assertEquals(Object expected, Object found) {
        if (!Objects.equals(expected, found)) {
            throw new AssertionError("expected " + expected + ", found " + found);
        }
    }

    public static void assertTrue(String message, boolean condition) {
        if (!condition) throw new AssertionError(message);
    }

    public static void assertTrue(boolean condition) {
        assertTrue(null, condition);
    }
}
