import { execFileSync } from 'node:child_process';
import { findTool } from './tools.ts';

/** Why tests with a module of Python cannot run here, for tap's `skip`; false where they can. */
export function missingPython(module: string): string | false {
  const python = pythonWith(module);
  return python === undefined ? `not installed: python3-${module}` : false;
}

/** A Python that has the module: Debian's own, or that of the PATH. */
export function pythonWith(module: string): string | undefined {
  return pythonThatRuns(`import ${module}`);
}

/** A Python whose boto3 knows a service of AWS: Debian's does not know those that came later. */
export function pythonWithService(service: string): string | undefined {
  return pythonThatRuns(`import boto3; boto3.Session().get_available_services().index('${service}')`);
}

function pythonThatRuns(code: string): string | undefined {
  return ['/usr/bin/python3', findTool('python3')].find((python) => {
    if (python === undefined) return false;
    try {
      execFileSync(python, ['-c', code], { stdio: 'ignore', timeout: 120_000 });
      return true;
    } catch {
      return false;
    }
  });
}

/** Whether the module of that Python is older than a version, as `1.34`; it does not know newer members of AWS's APIs. */
export function isOlder(module: string, version: string): boolean {
  const python = pythonWith(module);
  if (python === undefined) return false;
  const text = execFileSync(python, ['-c', `import ${module}; print(${module}.__version__)`], {
    timeout: 120_000,
  });
  const [major = 0, minor = 0] = String(text).split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = version.split('.').map(Number);
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}
