/** Ends a process and what it started. */
export const killGroup = (processGroup: number): void => {
  try {
    process.kill(-processGroup, 'SIGKILL');
  } catch {
    // Nobody of the group is left.
  }
};
