/** Of each user so many jobs are known to root's page: the live ones, and the last that were recorded. */
export const USERS_JOBS = 200;
