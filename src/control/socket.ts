import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Logger } from '../telemetry/log.ts';
import { httpServer, type Routes } from './http.ts';

/** Its place in the state folder. */
export const SOCKET_NAME = 'control.sock';
/** `sun_path` holds 108 octets with the final NUL; the name while it is being made is longer by a few. */
const PATH_OCTETS_MAX = 100;

/** The control socket cannot be made; says what would help. */
export class SocketError extends Error {
  override readonly name = 'SocketError';
}

/**
 * HTTP over a unix socket in the state folder. Whoever may open it may do everything: it is for the daemon's own
 * user, by its mode and by that of the folder.
 */
export class ControlSocket {
  readonly path: string;
  readonly #server: Server;

  private constructor(path: string, server: Server) {
    this.path = path;
    this.#server = server;
  }

  /** Throws SocketError where another daemon answers there, or the folder does not allow it. */
  static async open(state: string, routes: Routes, log: Logger): Promise<ControlSocket> {
    const path = join(state, SOCKET_NAME);
    if (Buffer.byteLength(path) > PATH_OCTETS_MAX)
      throw new SocketError(`${path} is over ${PATH_OCTETS_MAX} octets; choose a shorter node.state`);
    try {
      mkdirSync(state, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new SocketError(`cannot make the state folder ${state}: ${(error as Error).message}`);
    }
    if (existsSync(path) && (await answers(path)))
      throw new SocketError(`another daemon answers at ${path}; stop it or choose another node.state`);
    const server = httpServer(routes, log, { bodies: true });
    await listen(server, path);
    server.on('error', (err) => log.error({ err }, 'the control socket failed'));
    return new ControlSocket(path, server);
  }

  /** Stops listening and removes the file; requests under way are cut off. */
  async close(): Promise<void> {
    rmSync(this.path, { force: true });
    const closed = new Promise((done) => this.#server.close(done));
    this.#server.closeAllConnections();
    await closed;
  }
}

/** The file is never seen with another mode than 0600: it is made beside its place and then moved there. */
async function listen(server: Server, path: string): Promise<void> {
  const beside = `${path}.new`;
  rmSync(beside, { force: true });
  await new Promise<void>((done, fail) => {
    server.once('error', (error) => fail(new SocketError(`cannot listen at ${path}: ${error.message}`)));
    server.listen(beside, () => {
      server.removeAllListeners('error');
      done();
    });
  });
  chmodSync(beside, 0o600);
  renameSync(beside, path);
}

/** True if somebody listens there; a file that is left over from a daemon that died refuses. */
function answers(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => done(error.code === 'EACCES'));
  });
}
