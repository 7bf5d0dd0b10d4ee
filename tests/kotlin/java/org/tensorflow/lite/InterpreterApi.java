package org.tensorflow.lite;

import java.nio.ByteBuffer;
import java.util.Map;

/** What `Protector.kt` uses of the Java interface of LiteRT 1.4, as its reference has it. */
public interface InterpreterApi extends AutoCloseable {
    class Options {}

    static InterpreterApi create(ByteBuffer model, Options options) {
        return new PipedInterpreter(model);
    }

    int getInputTensorCount();

    Tensor getInputTensor(int index);

    void resizeInput(int index, int[] shape);

    void runForMultipleInputsOutputs(Object[] inputs, Map<Integer, Object> outputs);

    @Override
    void close();
}
