import type { Socket } from 'node:net';
import { METRIC } from '../../telemetry/metrics.ts';
import { QUERY_OCTETS_MAX, QUEUED_OCTETS_MAX } from '../connection.ts';
import { DohConnection, type DohOptions, type HttpResponse, type HttpWire } from './connection.ts';
import { FlowControl } from './flowcontrol.ts';
import { FrameReader, Http2Error } from './framereader.ts';
import {
  CODE,
  type Code,
  FRAME,
  FRAME_FLAG,
  FRAME_OCTETS_MAX,
  FrameWriter,
  SETTING,
  WRITE_OCTETS,
} from './frames.ts';
import { HeaderBlock } from './headerblock.ts';
import { CompressionError, HeaderDecoder, RequestFields, TABLE_OCTETS } from './hpack.ts';
import { Http2Stream } from './http2stream.ts';
import { httpDate } from './httpdate.ts';
import { StreamLimit } from './streamlimit.ts';

/** Of a request, names and values, as the protocol counts them: the longest query in base64url and what browsers add. */
export const HEADER_OCTETS_MAX = 8 * 1024;
/** Pairs of them; requests have about ten. */
export const HEADER_PAIRS_MAX = 32;
/** Settings in one frame; there are seven. */
const SETTINGS_MAX = 16;
/** Requests taken in one turn of the event loop: a connection full of cached names must not make others wait. */
const TURN_MAX = 32;
/** Frames, whatever they are: each may have all streams looked at. */
const TURN_FRAMES_MAX = 256;
/** Of a window update: the first bit is reserved. */
const INCREMENT = 0x7fff_ffff;

/*
 * Of this thread: while a connection reads what came it writes what is to go here, and sends it as one in the end.
 */
const frames = new FrameWriter();
const fields = new RequestFields(HEADER_PAIRS_MAX, HEADER_OCTETS_MAX);

/** Serves HTTP/2 (RFC 9113) on a connection that has agreed on it (ALPN h2). */
export function serveHttp2(options: DohOptions): DohConnection {
  return new Http2Connection(options).doh;
}

/**
 * One client's HTTP/2, by hand: Node's costs ten times as much. It serves what DNS needs: requests whose content is a
 * query, responses that are whole when they begin; nothing is pushed, priorities are heard and not heeded.
 *
 *     preface     nothing came yet but a part of PREFACE
 *     settings    the client's first frame is to be its settings
 *     open
 *     finishing   the client or we have said that no more requests come; those that came are answered
 *     over        the end is said, what comes is not read any more
 *
 * What a client may make us do is bounded as for any connection (see DohConnection), and here:
 *
 *     headers         BLOCK_OCTETS_MAX as they come, in 1 + CONTINUATIONS_MAX frames: the connection ends
 *                     HEADER_PAIRS_MAX, HEADER_OCTETS_MAX as they are: the request ends
 *     their table     TABLE_OCTETS
 *     open streams    STREAMS_FIRST_MAX, then REQUESTS_MAX
 *     responses       reading stops while QUEUED_OCTETS_MAX are not taken by the socket
 *     frames          16 kB each, TURN_FRAMES_MAX in a turn; all octets beside requests count (IDLE_OCTETS_MAX)
 */
class Http2Connection implements HttpWire {
  readonly doh: DohConnection;
  readonly #o: DohOptions;
  readonly #socket: Socket;
  readonly #headers = new HeaderDecoder();
  #state: 'preface' | 'settings' | 'open' | 'finishing' | 'over' = 'preface';
  readonly #frame = new FrameReader();
  /** Requests and frames of this turn. */
  #taken = 0;
  #framesTaken = 0;
  #turn: 'none' | 'running' | 'planned' = 'none';
  #block: HeaderBlock | undefined;
  /** Those whose request or response is not whole. */
  readonly #streams = new Map<number, Http2Stream>();
  #lastStream = 0;
  /** The last of them that was not too late. */
  #lastHeard = 0;
  readonly #limit = new StreamLimit(frames, HEADER_OCTETS_MAX);
  readonly #flow = new FlowControl(frames, () => this.#flush());
  /** The client's table is smaller than at first, and no header block has said yet that we know. */
  #owesTable = false;
  /** The client's end came in front of a turn that is still to take what was sent before. */
  #hasEnd = false;

  constructor(options: DohOptions) {
    this.#o = options;
    this.#socket = options.socket;
    this.doh = new DohConnection(options, this);
    this.#flush();
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on('drain', () => this.#go());
    // It sends no more, but reads what is under way.
    this.#socket.on('end', () => this.#clientEnds());
    this.#socket.on('close', () => this.#closed());
  }

  get unsent(): number {
    return this.#socket.writableLength;
  }

  finish(): void {
    if (this.#state === 'over' || this.#socket.destroyed) return;
    this.#state = 'finishing';
    frames.goaway(this.#lastHeard, CODE.none);
    this.#settle();
  }

  destroy(reason: 'ended' | 'abuse'): void {
    if (reason === 'abuse') this.#end(CODE.calm);
    else this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    if (this.#state === 'over') return;
    this.#frame.push(chunk);
    this.#go();
  }

  /** Takes frames as far as limits allow, sends what came of them, then settles whether to read on or to end. */
  #go(): void {
    if (this.#turn !== 'none' || this.#isOver()) return;
    this.#turn = 'running';
    this.#taken = this.#framesTaken = 0;
    try {
      while (this.#mayTake() && this.#takeFrame());
    } catch (error) {
      if (error instanceof Http2Error) this.#fail(error.http2Code);
      else if (error instanceof CompressionError) this.#fail(CODE.compression);
      else {
        this.#o.metrics.add(METRIC.workerErrors);
        this.#end(CODE.internal);
      }
    }
    this.#turn = 'none';
    this.#settle();
    if (!this.#isOver()) this.#readOrWait();
    if (this.#hasEnd) this.#clientEnds();
  }

  #isOver(): boolean {
    return this.#state === 'over' || this.#socket.destroyed;
  }

  #isTurnOver(): boolean {
    return this.#taken >= TURN_MAX || this.#framesTaken >= TURN_FRAMES_MAX;
  }

  #mayTake(): boolean {
    return !this.#isTurnOver() && this.#socket.writableLength <= QUEUED_OCTETS_MAX && !this.#isOver();
  }

  #readOrWait(): void {
    if (this.#isTurnOver()) this.#planTurn();
    else this.#frame.keepRest();
    if (this.#turn === 'planned' || !this.#mayTake()) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  #planTurn(): void {
    this.#turn = 'planned';
    setImmediate(() => {
      this.#turn = 'none';
      this.#go();
    });
  }

  /** After whatever may have written frames or ended streams, unless it was within a turn. */
  #settle(): void {
    if (this.#turn === 'running') return;
    this.#flush();
    if (this.#state !== 'finishing' || this.#isAsked()) return;
    this.#state = 'over';
    this.#hangUp();
  }

  /** Whether a request has no response yet. */
  #isAsked(): boolean {
    for (const { state } of this.#streams.values()) if (state === 'open') return true;
    return false;
  }

  #flush(): void {
    if (frames.length === 0) return;
    const octets = frames.take();
    if (this.#socket.writable) this.#socket.write(octets);
  }

  /** Says why, and reads no more. */
  #end(code: Code): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    frames.goaway(this.#lastHeard, code);
    this.#flush();
    this.#hangUp();
  }

  #hangUp(): void {
    this.#frame.clear();
    this.#socket.end();
    this.#socket.resume();
  }

  /** This is no HTTP/2, or too much of it. */
  #fail(code: Code): void {
    this.doh.noteAbuse();
    this.#end(code);
  }

  #clientEnds(): void {
    // What it sent before is taken first.
    if (this.#turn === 'planned' || (!this.#mayTake() && !this.#isOver())) {
      this.#hasEnd = true;
      return;
    }
    this.#hasEnd = false;
    for (const stream of this.#streams.values()) if (!stream.isWhole) this.#cancelled(stream);
    if (this.#state !== 'over') this.#state = 'finishing';
    this.#settle();
  }

  #closed(): void {
    for (const stream of this.#streams.values()) this.#cancelled(stream);
  }

  #cancelled(stream: Http2Stream): void {
    this.#streams.delete(stream.id);
    if (stream.state === 'open') stream.request!.close('cancelled');
    stream.state = 'over';
  }

  /** Takes the next frame; false where it is not whole. Throws Http2Error and CompressionError. */
  #takeFrame(): boolean {
    if (this.#state === 'preface') {
      if (!this.#frame.takePreface()) return false;
      this.#state = 'settings';
    }
    if (!this.#frame.next()) return false;
    this.#framesTaken++;
    this.#take();
    if (frames.length >= WRITE_OCTETS) this.#flush();
    return true;
  }

  #take(): void {
    const frame = this.#frame;
    const { type, stream, length } = frame;
    // RFC 9113 sections 3.4 and 6.10.
    const isFirst = this.#state === 'settings';
    frame.refuseIf(isFirst && (type !== FRAME.settings || frame.has(FRAME_FLAG.ack)));
    frame.refuseIf(this.#block !== undefined && type !== FRAME.continuation);
    switch (type) {
      case FRAME.data:
        this.#takeData();
        break;
      case FRAME.headers:
        this.#takeHeaders();
        break;
      case FRAME.continuation:
        this.#takeContinuation();
        break;
      case FRAME.reset:
        this.#takeReset();
        break;
      case FRAME.settings:
        this.#takeSettings();
        break;
      case FRAME.ping:
        frame.refuseIf(stream !== 0);
        frame.refuseIf(length !== 8, CODE.frameSize);
        if (!frame.has(FRAME_FLAG.ack)) frames.pingAck(frame.octets.subarray(frame.from, frame.to));
        break;
      case FRAME.goaway:
        frame.refuseIf(stream !== 0);
        frame.refuseIf(length < 8, CODE.frameSize);
        this.#state = 'finishing';
        break;
      case FRAME.windowUpdate:
        this.#takeWindowUpdate();
        break;
      case FRAME.priority:
        frame.refuseIf(stream === 0);
        frame.refuseIf(length !== 5, CODE.frameSize);
        break;
      case FRAME.pushPromise:
        throw new Http2Error(CODE.protocol);
      default:
        // RFC 9113 section 5.5.
        break;
    }
  }

  #takeHeaders(): void {
    const frame = this.#frame;
    const { stream, flags, octets } = frame;
    frame.unpad();
    if (frame.has(FRAME_FLAG.priority)) frame.from += 5;
    frame.refuseIf((stream & 1) === 0 || frame.length < 0);
    if (frame.has(FRAME_FLAG.endHeaders)) this.#takeFields(stream, flags, octets, frame.from, frame.to);
    else this.#block = new HeaderBlock(frame);
  }

  #takeContinuation(): void {
    const frame = this.#frame;
    const block = this.#block;
    if (block === undefined) throw new Http2Error(CODE.protocol);
    block.add(frame);
    if (!frame.has(FRAME_FLAG.endHeaders)) return;
    this.#block = undefined;
    const whole = block.whole();
    this.#takeFields(block.stream, block.flags, whole, 0, whole.length);
  }

  /** A whole header section: a request's, or trailers, of which nothing is of use. */
  #takeFields(id: number, flags: number, block: Buffer, from: number, to: number): void {
    const isWhole = (flags & FRAME_FLAG.endStream) !== 0;
    fields.reset();
    // Whatever is done with them: the table goes with all that came.
    this.#headers.decode(block, from, to, fields);
    const stream = this.#streams.get(id);
    if (stream !== undefined) {
      if (!isWhole || stream.isWhole) this.#reset(stream, CODE.protocol);
      else if (fields.state === 'oversized') this.#reset(stream, CODE.calm);
      else this.#endContent(stream);
    } else if (id <= this.#lastStream) this.doh.noteVain();
    else {
      this.#lastStream = id;
      if (this.#state === 'finishing') return;
      this.#lastHeard = id;
      this.#begin(id, isWhole, to - from);
    }
  }

  /** @param octets of its header block */
  #begin(id: number, isWhole: boolean, octets: number): void {
    this.#taken++;
    const { contentLength } = fields;
    const isMalformed = isWhole && contentLength !== undefined && Number(contentLength) !== 0;
    if (this.#streams.size >= this.#limit.max) {
      this.#frame.refuseIf(this.#limit.isKnown);
      frames.reset(id, CODE.refused);
    } else if (fields.state === 'oversized') this.#refuse(id, CODE.calm);
    else if (fields.state === 'malformed' || isMalformed) this.#refuse(id, CODE.protocol);
    else this.#ask(new Http2Stream(id, isWhole, fields, this.#flow.initial, this.#respond), octets);
  }

  #refuse(id: number, code: Code): void {
    frames.reset(id, code);
    this.doh.noteVain();
  }

  #ask(stream: Http2Stream, octets: number): void {
    stream.request = this.doh.begin(fields, octets, stream);
    if (stream.isWhole) stream.request.end();
    if (stream.state !== 'open') stream.request.close('answered');
    if (stream.state !== 'over') this.#streams.set(stream.id, stream);
  }

  #takeData(): void {
    const frame = this.#frame;
    const { stream: id, length } = frame;
    frame.unpad();
    frame.refuseIf(id === 0 || id > this.#lastStream);
    frame.refuseIf(!this.#flow.receive(length), CODE.flowControl);
    const stream = this.#streams.get(id);
    // On its way when the stream ended.
    if (stream === undefined) return;
    const isWithin = this.#flow.receiveOn(stream, length);
    if (stream.isWhole) this.#reset(stream, CODE.streamClosed);
    else if (!isWithin) this.#reset(stream, CODE.flowControl);
    else this.#takeContent(stream);
  }

  #takeContent(stream: Http2Stream): void {
    const frame = this.#frame;
    stream.received += frame.length;
    if (frame.length > 0) stream.request!.receive(Buffer.from(frame.octets.subarray(frame.from, frame.to)));
    if (frame.has(FRAME_FLAG.endStream)) this.#endContent(stream);
    // RFC 9113 section 8.1: what else there is of it is not wanted.
    else if (stream.state === 'responded' && stream.received > QUERY_OCTETS_MAX)
      this.#reset(stream, CODE.none);
  }

  #endContent(stream: Http2Stream): void {
    stream.isWhole = true;
    if (stream.state === 'responded') this.#cancelled(stream);
    // RFC 9113 section 8.1.1.
    else if (stream.contentLength !== undefined && stream.contentLength !== stream.received)
      this.#reset(stream, CODE.protocol);
    else stream.request!.end();
  }

  #reset(stream: Http2Stream, code: Code): void {
    frames.reset(stream.id, code);
    this.#cancelled(stream);
  }

  #takeReset(): void {
    const frame = this.#frame;
    const { stream: id, length } = frame;
    frame.refuseIf(id === 0 || id > this.#lastStream);
    frame.refuseIf(length !== 4, CODE.frameSize);
    const stream = this.#streams.get(id);
    if (stream === undefined) this.doh.noteUnwanted();
    else this.#cancelled(stream);
  }

  #takeSettings(): void {
    const frame = this.#frame;
    const isAck = frame.has(FRAME_FLAG.ack);
    frame.refuseIf(frame.stream !== 0);
    frame.refuseIf(isAck ? frame.length !== 0 : frame.length % 6 !== 0, CODE.frameSize);
    frame.refuseIf(frame.length > 6 * SETTINGS_MAX, CODE.calm);
    if (isAck) {
      this.#limit.acknowledged();
      return;
    }
    for (let at = frame.from; at < frame.to; at += 6)
      this.#takeSetting(frame.octets.readUInt16BE(at), frame.octets.readUInt32BE(at + 2));
    if (this.#state === 'settings') this.#state = 'open';
    frames.settingsAck();
    this.#sendRests();
  }

  /** RFC 9113 section 6.5.2. Of its table we use nothing, our frames are never larger than all take. */
  #takeSetting(setting: number, value: number): void {
    switch (setting) {
      case SETTING.table:
        // RFC 9113 section 4.3.1: the next header block has to begin with it.
        if (value < TABLE_OCTETS) this.#owesTable = true;
        break;
      case SETTING.pushes:
        this.#frame.refuseIf(value > 1);
        break;
      case SETTING.frameSize:
        this.#frame.refuseIf(value < FRAME_OCTETS_MAX || value > 0xff_ffff);
        break;
      case SETTING.window:
        this.#frame.refuseIf(!this.#flow.resize(value, this.#streams.values()), CODE.flowControl);
        break;
      default:
        break;
    }
  }

  #takeWindowUpdate(): void {
    const frame = this.#frame;
    const { stream: id } = frame;
    frame.refuseIf(frame.length !== 4, CODE.frameSize);
    const by = frame.octets.readUInt32BE(frame.from) & INCREMENT;
    frame.refuseIf(id > this.#lastStream || (by === 0 && id === 0));
    const stream = this.#streams.get(id);
    if (id === 0) {
      frame.refuseIf(!this.#flow.open(by), CODE.flowControl);
      this.#sendRests();
    } else if (stream !== undefined) {
      if (by === 0) this.#reset(stream, CODE.protocol);
      else if (!this.#flow.openOn(stream, by)) this.#reset(stream, CODE.flowControl);
      else this.#sendRest(stream);
    }
  }

  /** For streams, once each. */
  readonly #respond = (stream: Http2Stream, response: HttpResponse): void => {
    if (stream.state !== 'open' || this.#isOver()) return;
    const { body, status } = response;
    const isLast = stream.isHead || body.length === 0;
    frames.headers(stream.id, response, httpDate(this.#o.clock.wall()), isLast, this.#owesTable);
    this.#owesTable = false;
    if (!isLast) this.#flow.send(stream, body);
    if (stream.rest === undefined) this.#responded(stream);
    if (status === 200) this.#limit.raise();
    this.#settle();
  };

  #sendRests(): void {
    for (const stream of this.#streams.values()) this.#sendRest(stream);
  }

  #sendRest(stream: Http2Stream): void {
    if (stream.rest === undefined) return;
    this.#flow.send(stream, stream.rest);
    if (stream.rest === undefined) this.#responded(stream);
  }

  /** A client that sends its content yet is let, if it is short: some lose a response that a reset comes behind. */
  #responded(stream: Http2Stream): void {
    stream.state = stream.isWhole ? 'over' : 'responded';
    if (stream.isWhole) this.#streams.delete(stream.id);
    stream.request?.close('answered');
  }
}
