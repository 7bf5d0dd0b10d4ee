package org.tensorflow.lite;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;

/**
 * In place of LiteRT's Java binding: carries bytes to LiteRT's interpreter in another process.
 *
 * The command that starts this process is the property "runtime"; tests/kotlin/runtime.py is the
 * other end. It is as strict with buffers as the binding is.
 */
final class PipedInterpreter implements InterpreterApi {
    private record Described(DataType dataType, int[] shape) implements Tensor {}

    private final Process runtime;
    private final DataOutputStream ask;
    private final DataInputStream answer;
    private Tensor[] inputs;
    private boolean closed;

    PipedInterpreter(ByteBuffer model) {
        if (!model.isDirect() || model.order() != ByteOrder.nativeOrder()) {
            throw new IllegalArgumentException("a direct buffer in native order is needed");
        }
        try {
            runtime = new ProcessBuilder(System.getProperty("runtime").split("\n"))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            ask = new DataOutputStream(runtime.getOutputStream());
            answer = new DataInputStream(runtime.getInputStream());
            send(model);
            inputs = describedInputs();
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    @Override
    public int getInputTensorCount() {
        return inputs.length;
    }

    @Override
    public Tensor getInputTensor(int index) {
        return inputs[index];
    }

    @Override
    public void resizeInput(int index, int[] shape) {
        open();
        try {
            ask.writeByte('s');
            ask.writeInt(index);
            ask.writeInt(shape.length);
            for (int size : shape) ask.writeInt(size);
            inputs = describedInputs();
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    @Override
    public void runForMultipleInputsOutputs(Object[] given, Map<Integer, Object> outputs) {
        open();
        if (given.length != inputs.length) {
            throw new IllegalArgumentException(given.length + " inputs, not " + inputs.length);
        }
        try {
            ask.writeByte('r');
            for (int i = 0; i < given.length; i++) {
                ByteBuffer input = (ByteBuffer) given[i];
                int expected = inputs[i].dataType() == DataType.UINT8 ? 1 : 4;
                for (int size : inputs[i].shape()) expected *= size;
                if (input.capacity() != expected) {
                    throw new IllegalArgumentException(
                            "input " + i + " has " + input.capacity() + " bytes, not " + expected);
                }
                send(input);
            }
            ask.flush();
            byte[] made = new byte[answer.readInt()];
            answer.readFully(made);
            // From where the caller's buffer stands, which then stands at the end.
            ((ByteBuffer) outputs.get(0)).put(made);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    @Override
    public void close() {
        closed = true;
        try {
            ask.close();
            runtime.waitFor();
        } catch (IOException | InterruptedException error) {
            throw new IllegalStateException(error);
        }
    }

    private void open() {
        if (closed) throw new IllegalStateException("the interpreter has been closed");
    }

    /** A buffer's bytes from its start: the binding takes no notice of where it stands. */
    private void send(ByteBuffer buffer) throws IOException {
        byte[] bytes = new byte[buffer.capacity()];
        buffer.duplicate().clear().get(bytes);
        ask.writeInt(bytes.length);
        ask.write(bytes);
    }

    private Tensor[] describedInputs() throws IOException {
        ask.flush();
        Tensor[] found = new Tensor[answer.readInt()];
        for (int i = 0; i < found.length; i++) {
            DataType type = DataType.valueOf(answer.readUTF());
            int[] shape = new int[answer.readInt()];
            for (int axis = 0; axis < shape.length; axis++) shape[axis] = answer.readInt();
            found[i] = new Described(type, shape);
        }
        return found;
    }
}
