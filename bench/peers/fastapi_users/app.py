"""fastapi-users as its own full example sets it up: SQLite through aiosqlite, JWT bearer tokens.

Where DATABASE_URL names another database, as its documentation writes such addresses, that one.
"""

import os
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, BearerTransport, JWTStrategy
from fastapi_users.db import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

SECRET = "a benchmark's secret: nothing it signs outlives the run"
ENGINE = create_async_engine(os.environ.get("DATABASE_URL", "sqlite+aiosqlite:///./test.db"))
SESSIONS = async_sessionmaker(ENGINE, expire_on_commit=False)


class Base(DeclarativeBase):
    """The tables of the example."""


class User(SQLAlchemyBaseUserTableUUID, Base):
    """The library's own user table."""


class UserRead(schemas.BaseUser[uuid.UUID]):
    """What a user sees."""


class UserCreate(schemas.BaseUserCreate):
    """What a user registers with."""


class UserUpdate(schemas.BaseUserUpdate):
    """What a user may change."""


class UserManager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    """The library's manager, with its own password hashing untouched."""

    reset_password_token_secret = SECRET
    verification_token_secret = SECRET


async def get_async_session() -> AsyncGenerator[AsyncSession, None]:
    """Lend a database session to one request."""
    async with SESSIONS() as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_async_session)]


async def get_user_db(session: Session) -> AsyncGenerator[SQLAlchemyUserDatabase, None]:
    """Lend the user table to one request."""
    yield SQLAlchemyUserDatabase(session, User)


async def get_user_manager(
    user_db: Annotated[SQLAlchemyUserDatabase, Depends(get_user_db)],
) -> AsyncGenerator[UserManager, None]:
    """Lend the manager to one request."""
    yield UserManager(user_db)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None, None]:
    """Create the tables before the first request."""
    async with ENGINE.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield


backend = AuthenticationBackend(
    name="jwt",
    transport=BearerTransport(tokenUrl="auth/jwt/login"),
    get_strategy=lambda: JWTStrategy(secret=SECRET, lifetime_seconds=3600),
)
users = FastAPIUsers[User, uuid.UUID](get_user_manager, [backend])

app = FastAPI(lifespan=lifespan)
app.include_router(users.get_auth_router(backend), prefix="/auth/jwt", tags=["auth"])
app.include_router(users.get_register_router(UserRead, UserCreate), prefix="/auth", tags=["auth"])
app.include_router(users.get_users_router(UserRead, UserUpdate), prefix="/users", tags=["users"])
