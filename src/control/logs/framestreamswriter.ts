import type { Socket } from 'node:net';
import { CONTROL, type ControlFrame, ControlReader, type ControlType, controlFrame } from './framestreams.ts';
import type { Conversation } from './streamoutput.ts';

/** A writer's part of a bidirectional stream of frames. */
export class FrameStreamsWriter implements Conversation {
  readonly #socket: Socket;
  readonly #contentType: string;
  readonly #reader = new ControlReader();
  /** What is waited for. */
  #awaited: { readonly type: ControlType; readonly come: (frame: ControlFrame) => void } | undefined;

  constructor(socket: Socket, contentType: string) {
    this.#socket = socket;
    this.#contentType = contentType;
    socket.on('data', (octets: Buffer) => this.#read(octets));
  }

  async greet(): Promise<void> {
    this.#socket.write(controlFrame(CONTROL.READY, this.#contentType));
    const { contentTypes } = await this.#wait(CONTROL.ACCEPT);
    // A reader that names none takes any.
    if (contentTypes.length > 0 && !contentTypes.includes(this.#contentType)) {
      this.#socket.destroy(new Error(`the receiver takes ${contentTypes[0]} and no ${this.#contentType}`));
      return new Promise(() => {});
    }
    this.#socket.write(controlFrame(CONTROL.START, this.#contentType));
  }

  async part(): Promise<void> {
    this.#socket.write(controlFrame(CONTROL.STOP));
    await this.#wait(CONTROL.FINISH);
  }

  #wait(type: ControlType): Promise<ControlFrame> {
    return new Promise((come) => {
      this.#awaited = { type, come };
    });
  }

  #read(octets: Buffer): void {
    try {
      const frame = this.#reader.read(octets);
      if (frame === undefined) return;
      if (frame.type !== this.#awaited?.type)
        throw new Error(`a control frame of type ${frame.type} out of turn`);
      const { come } = this.#awaited;
      this.#awaited = undefined;
      come(frame);
    } catch (error) {
      this.#socket.destroy(error as Error);
    }
  }
}
